#include "alerting/send_queue.h"

#include <algorithm>

#include "core/check.h"

namespace pilotlight::alerting {

Notification merge(const Notification& older, Notification newer) {
    for (const NotifiedAlert& alert : older.alerts) {
        const bool known = std::ranges::any_of(
            newer.alerts, [&](const NotifiedAlert& other) { return other.labels == alert.labels; });
        // What fired then and is not mentioned now is nothing that the newer one may assert.
        if (!known && alert.status == Status::resolved) newer.alerts.push_back(alert);
    }
    std::ranges::stable_sort(newer.alerts, [](const NotifiedAlert& a, const NotifiedAlert& b) {
        if (a.status != b.status) return a.status == Status::firing;
        return a.labels < b.labels;
    });
    if (older.cause == Cause::first && newer.status() == Status::firing) newer.cause = Cause::first;
    if (older.news_at && (!newer.news_at || *older.news_at < *newer.news_at)) {
        newer.news_at = older.news_at;
    }
    newer.only_amends = false;
    return newer;
}

int severity_rank(const Notification& notification) {
    constexpr int kOther = 2;
    const bool fires = notification.status() == Status::firing;
    int worst = kOther;
    for (const NotifiedAlert& alert : notification.alerts) {
        if (fires && alert.status != Status::firing) continue;
        const std::string_view severity = alert.labels.get("severity");
        if (severity == "critical") return 0;
        if (severity == "warning") worst = 1;
    }
    return worst;
}

void SendQueue::set_open(const std::string& group_key, bool open) {
    if (open) {
        open_groups_.insert(group_key);
    } else {
        open_groups_.erase(group_key);
    }
}

std::optional<SendQueue::Place> SendQueue::place_of(const std::string& group_key) const {
    const auto found = by_group_.find(group_key);
    if (found == by_group_.end()) return std::nullopt;
    return found->second;
}

SendQueue::Pushed SendQueue::push(Item item) {
    const std::string& group = item.notification.group_key;
    if (const auto place = place_of(group)) {
        // It keeps its place and its patience; its age is that of the newer.
        Item waiting = take_waiting(*place);
        Superseded superseded{std::move(waiting.notification), {}};
        waiting.notification = merge(superseded.older, std::move(item.notification));
        waiting.give_up_at = item.give_up_at;
        waiting.handed_over = false;
        superseded.merged = put(place->second, std::move(waiting)).notification;
        return {std::move(superseded), false};
    }
    const bool in_flight = in_flight_ && in_flight_->notification.group_key == group;
    if (item.notification.only_amends && !in_flight) return {std::nullopt, true};
    put(next_arrival_++, std::move(item));
    return {};
}

const SendQueue::Item& SendQueue::put(std::uint64_t arrival, Item item) {
    const Place place{severity_rank(item.notification), arrival};
    by_group_[item.notification.group_key] = place;
    count(item);
    return waiting_.emplace(place, std::move(item)).first->second;
}

SendQueue::Item SendQueue::take_waiting(Place place) {
    auto node = waiting_.extract(place);
    by_group_.erase(node.mapped().notification.group_key);
    discount(node.mapped());
    return std::move(node.mapped());
}

void SendQueue::count(const Item& item) {
    if (item.attempts > 0) ++retries_;
    if (!item.handed_over && !item.notification.only_amends) since_.insert(item.since);
}

void SendQueue::discount(const Item& item) {
    if (item.attempts > 0) --retries_;
    if (item.handed_over || item.notification.only_amends) return;
    since_.erase(since_.find(item.since));
}

const SendQueue::Item* SendQueue::begin(SteadyTime now) {
    if (in_flight_ || now < held_until()) return nullptr;
    const auto due = std::ranges::find_if(
        waiting_, [&](const auto& entry) { return entry.second.not_before <= now; });
    if (due == waiting_.end()) return nullptr;
    in_flight_arrival_ = due->first.second;
    in_flight_ = take_waiting(due->first);
    even_until_ = std::max(even_until_, now) + pace_.every;
    Notification& notification = in_flight_->notification;
    notification.missed =
        notification.status() == Status::resolved && !open_groups_.contains(notification.group_key);
    return &*in_flight_;
}

std::optional<SteadyTime> SendQueue::next_due() const {
    if (waiting_.empty() || in_flight_) return std::nullopt;
    SteadyTime first = SteadyTime::max();
    for (const auto& [place, item] : waiting_) {
        first = std::min(first, item.not_before);
        if (first == SteadyTime{}) break;
    }
    return std::max(first, held_until());
}

SteadyTime SendQueue::held_until() const {
    const SteadyTime paced = even_until_ - pace_.every * (pace_.burst - 1);
    return std::max({paused_until_, asked_to_wait_until_, paced});
}

std::optional<SteadyTime> SendQueue::failing_since() const {
    if (failures_ == 0) return std::nullopt;
    return failing_since_;
}

std::optional<SteadyTime> SendQueue::waiting_since() const {
    std::optional<SteadyTime> first;
    if (!since_.empty()) first = *since_.begin();
    if (!in_flight_ || in_flight_->handed_over || in_flight_->notification.only_amends) {
        return first;
    }
    return std::min(first.value_or(in_flight_->since), in_flight_->since);
}

void SendQueue::visit_waiting(const std::function<void(Item&)>& visit) {
    for (auto& [place, item] : waiting_) {
        discount(item);
        visit(item);
        count(item);
    }
}

void SendQueue::retry_now() {
    failures_ = 0;
    paused_until_ = {};
    for (auto& [place, item] : waiting_)
        item.not_before = {};
}

SendQueue::Ended SendQueue::end(const Delivery& delivery, SteadyTime now) {
    PILOT_CHECK(in_flight_.has_value());
    Item item = std::move(*in_flight_);
    in_flight_.reset();
    if (delivery.kind == Delivery::Kind::retry) {
        return settle_failure(std::move(item), delivery, now);
    }
    Ended ended;
    const std::string& group = item.notification.group_key;
    const auto place = place_of(group);
    if (place && waiting_.at(*place).notification.only_amends) {
        ended.needless = take_waiting(*place).notification;
    }
    if (delivery.kind == Delivery::Kind::delivered) {
        set_open(group, item.notification.status() == Status::firing);
        // It is back: those that failed before need not wait out their patience.
        if (failures_ > 0) retry_now();
    } else {
        ended.kind = Ended::Kind::dead;
        ended.reason = delivery.reason;
    }
    ended.item = std::move(item);
    return ended;
}

SendQueue::Ended SendQueue::settle_failure(Item item, const Delivery& delivery, SteadyTime now) {
    ++item.attempts;
    if (failures_++ == 0) failing_since_ = now;
    if (delivery.retry_after) {
        asked_to_wait_until_ = now + std::min(*delivery.retry_after, backoff_.longest_asked);
    }
    paused_until_ = now + backoff_after(failures_, backoff_);
    item.not_before = now + backoff_after(item.attempts, backoff_);
    Ended ended;
    if (const auto place = place_of(item.notification.group_key)) {
        Item waiting = take_waiting(*place);
        waiting.notification = merge(item.notification, std::move(waiting.notification));
        waiting.attempts = item.attempts;
        waiting.not_before = item.not_before;
        waiting.since = std::min(waiting.since, item.since);
        ended.kind = Ended::Kind::superseded;
        ended.superseded =
            Superseded{item.notification, put(place->second, std::move(waiting)).notification};
    } else if (now >= item.give_up_at) {
        ended.kind = Ended::Kind::dead;
        ended.reason = Reason::expired;
    } else {
        ended.kind = Ended::Kind::retry;
        put(in_flight_arrival_, item);
    }
    ended.item = std::move(item);
    return ended;
}

}  // namespace pilotlight::alerting
