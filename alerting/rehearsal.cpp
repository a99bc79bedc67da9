#include "alerting/rehearsal.h"

#include <algorithm>
#include <utility>

#include "alerting/receivers/answers.h"
#include "alerting/send_queue.h"
#include "core/check.h"

namespace pilotlight::alerting {
namespace {

/// Keeps the steady clock away from zero, which stands for no time.
constexpr SteadyTime kSteadyStart = SteadyTime(std::chrono::hours(1));

/// What a mail server's reply means; see hand_over() for the real dialogue.
Delivery classify_mail(int code) {
    const std::string detail = "SMTP " + std::to_string(code);
    if (code >= 500) return Delivery::rejected(Reason::client_error, detail);
    if (code >= 400) return Delivery::retry(Reason::server_error, detail);
    return Delivery::delivered();
}

}  // namespace

/// One integration: its queue, and what is being sent.
struct Rehearsal::Lane {
    Lane(IntegrationPtr to, BackoffOptions backoff)
        : integration(std::move(to)), queue(std::move(backoff)) {
        queue.set_pace(integration->pace());
    }

    IntegrationPtr integration;
    SendQueue queue;
    /// Set while an attempt is underway.
    std::optional<WallTime> ends_at;
    Message message;
    Delivery delivery;
    std::string last_error;
};

Rehearsal::Options::Options() {
    backoff.jitter = [] { return 1.0; };
}

Rehearsal::Rehearsal(SharedRouting routing, std::vector<Fault> faults, WallTime start,
                     Options options)
    : routing_(std::move(routing)),
      faults_(std::move(faults)),
      options_(std::move(options)),
      start_(start),
      now_(start),
      dispatcher_(routing_, options_.external_url) {}

Rehearsal::Rehearsal(SharedRouting routing, std::vector<Fault> faults, WallTime start)
    : Rehearsal(std::move(routing), std::move(faults), start, Options()) {}

Rehearsal::~Rehearsal() = default;

Result<void> Rehearsal::add_silence(Silence silence) {
    const auto put = dispatcher_.silences().put(std::move(silence), now_);
    if (!put) return fail(put.error().message);
    return {};
}

void Rehearsal::accept(std::span<const Alert> alerts, WallTime now) {
    PILOT_CHECK(now >= now_);
    now_ = now;
    dispatcher_.accept(alerts, now);
}

void Rehearsal::advance(WallTime until) {
    for (auto next = next_event(); next && *next <= until; next = next_event()) {
        now_ = std::max(now_, *next);
        step();
    }
    now_ = std::max(now_, until);
}

std::optional<WallTime> Rehearsal::next_event() const {
    std::optional<WallTime> next = dispatcher_.next_wakeup();
    const auto consider = [&next](WallTime time) { next = next ? std::min(*next, time) : time; };
    for (const auto& [address, lane] : lanes_) {
        if (lane->ends_at) {
            consider(*lane->ends_at);
        } else if (const auto due = lane->queue.next_due()) {
            consider(wall(*due));
        }
    }
    return next;
}

void Rehearsal::step() {
    for (Notification& notification : dispatcher_.tick(now_))
        enqueue(std::move(notification));
    // Nothing is kept for a restart.
    [[maybe_unused]] const auto forgotten = dispatcher_.take_forgotten();
    for (const auto& [address, lane] : lanes_)
        run(*lane);
}

Rehearsal::Lane& Rehearsal::lane_for(const Address& address) {
    auto& lane = lanes_[address];
    if (lane == nullptr) {
        const IntegrationPtr integration = routing_->find_integration(address);
        PILOT_CHECK(integration != nullptr);
        lane = std::make_unique<Lane>(integration, options_.backoff);
    }
    return *lane;
}

void Rehearsal::enqueue(Notification notification) {
    const auto own = options_.give_up_after_of.find(notification.to.receiver);
    const Duration patience =
        own == options_.give_up_after_of.end() ? options_.give_up_after : own->second;
    Lane& lane = lane_for(notification.to);
    const SendQueue::Pushed pushed =
        lane.queue.push({notification, 0, {}, steady(now_) + patience, steady(now_)});
    if (pushed.needless) settle(notification, Settlement::Outcome::superseded);
    if (pushed.superseded) settle(pushed.superseded->older, Settlement::Outcome::superseded);
}

void Rehearsal::run(Lane& lane) {
    while (true) {
        if (lane.ends_at) {
            if (*lane.ends_at > now_) return;
            finish(lane);
            continue;
        }
        const SendQueue::Item* item = lane.queue.begin(steady(now_));
        if (item == nullptr) return;
        begin(lane, item->notification);
    }
}

void Rehearsal::begin(Lane& lane, const Notification& notification) {
    lane.message = lane.integration->render(notification);
    lane.delivery = Delivery::delivered();
    lane.ends_at = now_;
    const Fault* fault = fault_of(notification.to);
    if (fault == nullptr) return;
    if (fault->hangs) {
        lane.ends_at = now_ + lane.integration->timeout();
        lane.delivery = Delivery::retry(Reason::timeout, "no answer in time");
    } else if (fault->answer.failure) {
        lane.delivery = classify_failure(*fault->answer.failure);
    } else if (!lane.message.mail.empty()) {
        lane.delivery = classify_mail(fault->answer.status);
    } else {
        lane.delivery = lane.integration->classify(fault->answer);
    }
}

void Rehearsal::finish(Lane& lane) {
    lane.ends_at.reset();
    const bool delivered = lane.delivery.kind == Delivery::Kind::delivered;
    if (!delivered) lane.last_error = lane.delivery.detail;
    const SendQueue::Ended ended = lane.queue.end(lane.delivery, steady(now_));
    if (ended.needless) settle(*ended.needless, Settlement::Outcome::superseded);
    const Notification& notification = ended.item.notification;
    using Kind = SendQueue::Ended::Kind;
    if (ended.kind == Kind::retry) return;
    if (ended.kind == Kind::superseded) {
        return settle(ended.superseded->older, Settlement::Outcome::superseded);
    }
    Outcome outcome{now_,
                    delivered ? Settlement::Outcome::delivered : Settlement::Outcome::dead,
                    notification,
                    std::move(lane.message),
                    ended.item.attempts,
                    std::exchange(lane.last_error, "")};
    if (!delivered && lane.delivery.kind == Delivery::Kind::rejected) ++outcome.failures;
    outcomes_.push_back(std::move(outcome));
    settle(notification, outcomes_.back().kind);
}

const Rehearsal::Fault* Rehearsal::fault_of(const Address& address) const {
    const auto found = std::ranges::find_if(faults_, [&](const Fault& fault) {
        return fault.receiver == address.receiver && fault.from <= now_ && now_ < fault.until &&
               (fault.integration.empty() || fault.integration == address.integration);
    });
    return found == faults_.end() ? nullptr : &*found;
}

void Rehearsal::settle(const Notification& notification, Settlement::Outcome outcome) {
    dispatcher_.settle({notification.sequence, notification.to, notification.group_key,
                        notification.status(), outcome, now_, ""});
}

std::size_t Rehearsal::waiting() const {
    std::size_t count = 0;
    for (const auto& [address, lane] : lanes_)
        count += lane->queue.size();
    return count;
}

SteadyTime Rehearsal::steady(WallTime time) const {
    return kSteadyStart + (time - start_);
}

WallTime Rehearsal::wall(SteadyTime time) const {
    return start_ + std::chrono::ceil<Duration>(time - kSteadyStart);
}

}  // namespace pilotlight::alerting
