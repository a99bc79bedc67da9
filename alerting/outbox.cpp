#include "alerting/outbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <mutex>
#include <span>

#include "alerting/announcement.h"
#include "alerting/commits.h"
#include "alerting/fallbacks.h"
#include "alerting/gate.h"
#include "alerting/resends.h"
#include "alerting/send_queue.h"
#include "core/check.h"
#include "runtime/loop.h"
#include "runtime/services.h"
#include "runtime/task_group.h"

namespace pilotlight::alerting {
namespace {

namespace asio = boost::asio;

/// Notifications of one commit: the first are under way while the rest is written.
constexpr std::size_t kRecordedAtOnce = 256;
/// Receipts that sending does not wait for, where the service knows a repeat for one.
constexpr int kReceiptsAhead = 100;

/// One integration: its queue, and what wakes its coroutine.
struct Lane {
    Lane(Address to, BackoffOptions backoff, const asio::any_io_executor& executor)
        : address(std::move(to)), queue(std::move(backoff)), wakeup(executor) {}

    Address address;
    SendQueue queue;
    asio::steady_timer wakeup;
    /// By group: what the integration wants remembered.
    std::map<std::string, std::string, std::less<>> memories;
    Resends resends;
    std::optional<WallTime> last_delivered;
    std::string last_error;
    std::uint64_t dead = 0;
    /// The configuration no longer has it since the last run, and something stays open there.
    bool is_stranded = false;
    /// Receipts since one was last seen to be on disk.
    int receipts_ahead = 0;
    /// As it was configured last, once the configuration no longer has it: for its last words.
    IntegrationPtr retired;
};

Settlement settlement_of(const Notification& notification, Settlement::Outcome outcome,
                         std::string reason) {
    return {notification.sequence, notification.to, notification.group_key,
            notification.status(), outcome,         wall_now(),
            std::move(reason)};
}

}  // namespace

struct Outbox::State : std::enable_shared_from_this<Outbox::State> {
    State(Journal& journal_in, runtime::Loop& loop_in, runtime::Services& services_in,
          SharedRouting routing_in, OutboxObserver observer_in, Options options_in)
        : journal(journal_in),
          services(services_in),
          executor(loop_in.executor()),
          observer(std::move(observer_in)),
          options(std::move(options_in)),
          gate(std::make_shared<Gate>(loop_in)),
          commits(journal_in, executor, options.commit_patience, gate),
          routing(std::move(routing_in)),
          tasks(executor) {}

    // Any thread.
    void submit(std::vector<Notification> notifications);

    // The loop's thread.
    void start(std::vector<OutboxRow> restored, const std::vector<Told>& told);
    void configure(SharedRouting next);
    void take(std::vector<Notification>& notifications);
    void enqueue(SendQueue::Item item);
    Lane& lane_for(const Address& address);
    void make_lanes();
    void strand(const Told& entry);
    void publish();
    void send_own(std::vector<Notification> notifications);
    void hand_over(Lane& lane, const ReceiverConfig& receiver, const Notification& notification,
                   std::string_view why);
    void hand_over_due(Lane& lane);
    [[nodiscard]] const ReceiverConfig* with_fallback(const Lane& lane) const;
    [[nodiscard]] SteadyTime next_turn(const Lane& lane) const;
    [[nodiscard]] Duration give_up_after(const Address& address) const;
    void clean_up_own(const Notification& notification, Settlement::Outcome outcome);
    asio::awaitable<void> bury(Lane& lane, Notification notification, Delivery delivery);
    void report_trouble(const Address& address, const std::string& what);
    void settle_needless(const Notification& notification);
    void supersede(const SendQueue::Superseded& superseded);
    asio::awaitable<void> run(Lane& lane);
    asio::awaitable<Sent> attempt(Lane& lane, Notification notification);
    asio::awaitable<void> resend(Lane& lane, Notification notification);
    asio::awaitable<void> finish(Lane& lane, Sent sent);
    void remember(Lane& lane, const Notification& notification, const Sent& sent);
    asio::awaitable<void> settle(Lane& lane, Settlement settlement);
    [[nodiscard]] bool may_run_ahead(Lane& lane) const;
    void note_delivered(Lane& lane, const Notification& notification);
    void note_failed(Lane& lane, const Delivery& delivery);

    Journal& journal;
    runtime::Services& services;
    asio::any_io_executor executor;
    OutboxObserver observer;
    Options options;
    std::shared_ptr<Gate> gate;
    Commits commits;

    mutable std::mutex mutex;
    std::vector<ReceiverStatus> published;
    std::atomic<std::uint64_t> uncommitted = 0;

    SharedRouting routing;
    std::map<Address, std::unique_ptr<Lane>> lanes;
    Fallbacks fallbacks;
    std::uint64_t next_sequence = Notification::kBeyondRoutes;
    runtime::TaskGroup tasks;
};

Outbox::Outbox(Journal& journal, runtime::Loop& loop, runtime::Services& services,
               SharedRouting routing, std::vector<OutboxRow> restored,
               const std::vector<Told>& told, OutboxObserver observer)
    : Outbox(journal, loop, services, std::move(routing), std::move(restored), told,
             std::move(observer), Options()) {}

Outbox::Outbox(Journal& journal, runtime::Loop& loop, runtime::Services& services,
               SharedRouting routing, std::vector<OutboxRow> restored,
               const std::vector<Told>& told, OutboxObserver observer, Options options)
    : state_(std::make_shared<State>(journal, loop, services, std::move(routing),
                                     std::move(observer), std::move(options))) {
    PILOT_CHECK(state_->routing != nullptr);
    state_->gate->post(
        [state = state_, restored = std::move(restored), told] { state->start(restored, told); });
}

Outbox::~Outbox() {
    PILOT_CHECK(state_->gate->is_closed());
}

void Outbox::submit(std::vector<Notification> notifications) {
    if (!notifications.empty()) state_->submit(std::move(notifications));
}

void Outbox::announce(NotifiedAlert alert, std::string external_url) {
    state_->gate->post(
        [state = state_, alert = std::move(alert), external_url = std::move(external_url)] {
            state->send_own(announcements(alert, *state->routing, external_url, wall_now()));
        });
}

void Outbox::configure(SharedRouting routing) {
    PILOT_CHECK(routing != nullptr);
    state_->gate->post(
        [state = state_, routing = std::move(routing)] { state->configure(routing); });
}

std::vector<ReceiverStatus> Outbox::status() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->published;
}

std::uint64_t Outbox::pending() const {
    std::uint64_t count = state_->uncommitted;
    for (const ReceiverStatus& status : this->status())
        count += status.pending;
    return count;
}

std::optional<SteadyTime> Outbox::waiting_since() const {
    std::optional<SteadyTime> first;
    for (const ReceiverStatus& status : this->status()) {
        if (!status.waiting_since) continue;
        if (!first || *status.waiting_since < *first) first = status.waiting_since;
    }
    return first;
}

asio::awaitable<void> Outbox::stop() {
    const std::shared_ptr<State> state = state_;
    state->gate->close();
    co_await state->tasks.cancel_and_join();
    state->lanes.clear();
}

void Outbox::State::submit(std::vector<Notification> notifications) {
    for (Notification& notification : notifications) {
        // A repeat's delay counts from its decision, which is now.
        if (!notification.news_at) notification.news_at = steady_now();
    }
    uncommitted += notifications.size();
    if (notifications.size() > kRecordedAtOnce) {
        std::ranges::stable_sort(notifications, {}, severity_rank);
    }
    for (auto rest = std::span(notifications); !rest.empty();) {
        const std::span some = rest.first(std::min(rest.size(), kRecordedAtOnce));
        rest = rest.subspan(some.size());
        commits.record({std::move_iterator(some.begin()), std::move_iterator(some.end())},
                       [weak = weak_from_this()](std::vector<Notification> recorded) {
                           const std::shared_ptr<State> state = weak.lock();
                           if (state != nullptr && !state->gate->is_closed()) state->take(recorded);
                       });
    }
}

void Outbox::State::start(std::vector<OutboxRow> restored, const std::vector<Told>& told) {
    make_lanes();
    next_sequence = options.next_sequence;
    for (const auto& [address, count] : options.dead) {
        if (routing->find_integration(address) != nullptr) lane_for(address).dead = count;
    }
    for (const Told& entry : options.stranded)
        strand(entry);
    const WallTime wall = wall_now();
    const SteadyTime now = steady_now();
    for (const Told& entry : told) {
        Lane& lane = lane_for(entry.last.to);
        if (entry.open) lane.queue.set_open(entry.last.group_key, true);
        if (!entry.memory.empty()) lane.memories[entry.last.group_key] = entry.memory;
        if (entry.last.is_beyond_routes()) {
            fallbacks.restore(entry);
            // What the last run had no time for.
            using Outcome = Settlement::Outcome;
            if (!entry.pending) {
                clean_up_own(entry.last, entry.failed ? Outcome::dead : Outcome::delivered);
            }
        }
        if (entry.open && !entry.pending) lane.resends.told(entry.last, now);
        lane.wakeup.cancel();
    }
    for (OutboxRow& row : restored) {
        const Duration age = std::max(Duration(0), wall - row.created_at);
        row.notification.news_at = now - std::max(Duration(0), wall - row.notification.decided_at);
        SteadyTime not_before{};
        if (row.next_attempt_at) {
            // A clock set back must not make it wait longer than it could have been asked to.
            not_before = now + std::clamp(Duration(*row.next_attempt_at - wall), Duration(0),
                                          options.backoff.longest_asked);
        }
        const Duration patience = give_up_after(row.notification.to);
        enqueue({std::move(row.notification), row.attempts, not_before,
                 now + std::max(Duration(0), patience - age), now - age});
    }
    publish();
}

void Outbox::State::strand(const Told& entry) {
    const Address& address = entry.last.to;
    Lane& lane = lane_for(address);
    ++lane.dead;
    lane.is_stranded = true;
    lane.last_error = fmt::format(
        "the configuration no longer has it, and nobody sends there any more: {} stays open",
        entry.last.group_key);
    report_trouble(address,
                   fmt::format("{} (dedup key {})", lane.last_error, entry.last.dedup_key));
    if (observer.on_dead) observer.on_dead(address);
}

void Outbox::State::configure(SharedRouting next) {
    const SharedRouting before = std::exchange(routing, std::move(next));
    for (auto& [address, lane] : lanes) {
        if (IntegrationPtr integration = before->find_integration(address)) {
            lane->retired = std::move(integration);
        }
    }
    make_lanes();
    for (auto& [address, lane] : lanes) {
        lane->queue.retry_now();
        const Duration patience = give_up_after(address);
        lane->queue.visit_waiting(
            [&](SendQueue::Item& item) { item.give_up_at = item.since + patience; });
        lane->wakeup.cancel();
    }
    publish();
}

void Outbox::State::make_lanes() {
    for (const ReceiverConfig& receiver : routing->receivers) {
        for (const IntegrationPtr& integration : receiver.integrations) {
            Lane& lane = lane_for(integration->address());
            lane.queue.set_pace(integration->pace());
            lane.resends.set_interval(integration->resend_every());
        }
    }
}

Lane& Outbox::State::lane_for(const Address& address) {
    auto& lane = lanes[address];
    if (lane == nullptr) {
        lane = std::make_unique<Lane>(address, options.backoff, executor);
        tasks.spawn(fmt::format("deliver {}", address.to_string()),
                    [this, lane = lane.get()] { return run(*lane); });
    }
    return *lane;
}

void Outbox::State::take(std::vector<Notification>& notifications) {
    uncommitted -= notifications.size();
    const SteadyTime now = steady_now();
    for (Notification& notification : notifications) {
        std::vector<Notification> own = fallbacks.follow(notification, *routing);
        const SteadyTime give_up_at = now + give_up_after(notification.to);
        enqueue({std::move(notification), 0, {}, give_up_at, now});
        send_own(std::move(own));
    }
    publish();
}

void Outbox::State::enqueue(SendQueue::Item item) {
    Lane& lane = lane_for(item.notification.to);
    // It ended, and the receiver does not want to hear of it: nor that it goes on.
    std::optional<Notification> amending;
    if (item.notification.only_amends) amending = item.notification;
    const SendQueue::Pushed pushed = lane.queue.push(std::move(item));
    if (amending) lane.resends.forget(amending->group_key);
    if (pushed.needless) settle_needless(*amending);
    if (pushed.superseded) supersede(*pushed.superseded);
    lane.wakeup.cancel();
}

void Outbox::State::settle_needless(const Notification& notification) {
    const Settlement settlement = settlement_of(notification, Settlement::Outcome::superseded,
                                                "nothing waited that it could amend");
    journal.settle(settlement);
    if (observer.on_settled) observer.on_settled(settlement);
}

Duration Outbox::State::give_up_after(const Address& address) const {
    const ReceiverConfig* receiver = routing->find_receiver(address.receiver);
    return receiver == nullptr ? options.give_up_after : receiver->give_up_after;
}

void Outbox::State::send_own(std::vector<Notification> notifications) {
    if (notifications.empty()) return;
    for (Notification& notification : notifications)
        notification.sequence = next_sequence++;
    submit(std::move(notifications));
}

const ReceiverConfig* Outbox::State::with_fallback(const Lane& lane) const {
    const ReceiverConfig* receiver = routing->find_receiver(lane.address.receiver);
    return receiver == nullptr || receiver->fallback.empty() ? nullptr : receiver;
}

void Outbox::State::hand_over(Lane& lane, const ReceiverConfig& receiver,
                              const Notification& notification, std::string_view why) {
    const ReceiverConfig* fallback = routing->find_receiver(receiver.fallback);
    if (fallback == nullptr) return;
    std::vector<Notification> copies = fallbacks.hand_over(notification, *fallback, why);
    if (copies.empty()) return;
    if (lane.queue.is_open(notification.group_key)) {
        // The beginning was told to those who are meant: its end is no news of something missed.
        for (const Notification& copy : copies) {
            if (copy.status() == Status::firing) continue;
            lane_for(copy.to).queue.set_open(copy.group_key, true);
        }
    }
    report_trouble(lane.address,
                   fmt::format("{}; receiver '{}' is told instead", why, receiver.fallback));
    send_own(std::move(copies));
}

void Outbox::State::hand_over_due(Lane& lane) {
    const ReceiverConfig* receiver = with_fallback(lane);
    if (receiver == nullptr) return;
    const std::vector<Notification> due = take_due(lane.queue, *receiver, steady_now());
    for (const Notification& notification : due) {
        hand_over(lane, *receiver, notification,
                  lane.last_error.empty() ? std::string("has not taken it")
                                          : fmt::format("has not taken it: {}", lane.last_error));
    }
    if (!due.empty()) publish();
}

SteadyTime Outbox::State::next_turn(const Lane& lane) const {
    SteadyTime next = std::min(lane.queue.next_due().value_or(SteadyTime::max()),
                               lane.resends.next_due().value_or(SteadyTime::max()));
    const ReceiverConfig* receiver = with_fallback(lane);
    if (receiver == nullptr) return next;
    return std::min(next, due_at(lane.queue, *receiver).value_or(next));
}

void Outbox::State::clean_up_own(const Notification& notification, Settlement::Outcome outcome) {
    if (!notification.is_beyond_routes() || outcome == Settlement::Outcome::superseded) return;
    const bool is_dead = outcome == Settlement::Outcome::dead;
    if (is_dead) fallbacks.refused(notification);
    const bool goes_on =
        !notification.instead_of.empty() && notification.status() == Status::firing;
    if (goes_on && !is_dead) return;
    // The dispatcher, which forgets what is over, does not know of it.
    Told entry;
    entry.last.to = notification.to;
    entry.last.group_key = notification.group_key;
    journal.forget({std::move(entry)});
}

void Outbox::State::supersede(const SendQueue::Superseded& superseded) {
    const Settlement settlement =
        settlement_of(superseded.older, Settlement::Outcome::superseded,
                      fmt::format("told with {}", superseded.merged.sequence));
    journal.supersede(settlement, superseded.merged);
    if (observer.on_settled) observer.on_settled(settlement);
}

void Outbox::State::publish() {
    std::vector<ReceiverStatus> all;
    for (const auto& [address, lane] : lanes) {
        const bool configured = routing->find_integration(address) != nullptr;
        if (!configured && lane->queue.size() == 0 && !lane->is_stranded) continue;
        all.push_back({address, lane->queue.size(), lane->last_delivered, lane->last_error,
                       lane->dead, lane->queue.waiting_since()});
    }
    const std::scoped_lock lock(mutex);
    published = std::move(all);
}

asio::awaitable<void> Outbox::State::run(Lane& lane) {
    for (;;) {
        hand_over_due(lane);
        const SendQueue::Item* item = lane.queue.begin(steady_now());
        if (item == nullptr) {
            std::optional<Notification> again = lane.resends.take_due(steady_now());
            if (again) {
                co_await resend(lane, std::move(*again));
                continue;
            }
            lane.wakeup.expires_at(next_turn(lane));
            // Woken early is no error; a cancelled coroutine throws at its next wait.
            co_await lane.wakeup.async_wait(asio::as_tuple(asio::use_awaitable));
            continue;
        }
        Notification notification = item->notification;
        Sent sent = co_await attempt(lane, std::move(notification));
        co_await finish(lane, std::move(sent));
    }
}

asio::awaitable<Sent> Outbox::State::attempt(Lane& lane, Notification notification) {
    IntegrationPtr integration = routing->find_integration(lane.address);
    // Nobody hears of a beginning there any more, but whoever did hears of the end.
    if (integration == nullptr && notification.status() == Status::resolved) {
        integration = lane.retired;
    }
    if (integration == nullptr) {
        Sent removed;
        removed.delivery =
            Delivery::rejected(Reason::receiver_removed, "the configuration no longer has it");
        co_return removed;
    }
    const auto remembered = lane.memories.find(notification.group_key);
    std::string memory = remembered == lane.memories.end() ? "" : remembered->second;
    const Duration timeout = options.timeout.value_or(integration->timeout());
    const runtime::Deadline deadline = runtime::Deadline::in(timeout);
    Sent sent =
        co_await integration->send(services, std::move(notification), std::move(memory), deadline);
    if (!sent.template_error.empty()) {
        report_trouble(lane.address, fmt::format("a template failed, it was told plainly: {}",
                                                 sent.template_error));
    }
    co_return sent;
}

asio::awaitable<void> Outbox::State::resend(Lane& lane, Notification notification) {
    if (routing->find_integration(lane.address) == nullptr) {
        lane.resends.set_interval({});
        co_return;
    }
    const Sent sent = co_await attempt(lane, std::move(notification));
    // The next one comes soon, and the receiver has been told before: nothing is lost.
    if (sent.delivery.kind == Delivery::Kind::delivered) {
        lane.last_error.clear();
    } else {
        note_failed(lane, sent.delivery);
    }
    publish();
}

void Outbox::State::remember(Lane& lane, const Notification& notification, const Sent& sent) {
    if (!sent.memory) return;
    if (sent.memory->empty()) {
        lane.memories.erase(notification.group_key);
    } else {
        lane.memories[notification.group_key] = *sent.memory;
    }
    // With the receipt, where there is one.
    if (sent.delivery.kind == Delivery::Kind::delivered) return;
    journal.remember(lane.address, notification.group_key, *sent.memory);
}

asio::awaitable<void> Outbox::State::finish(Lane& lane, Sent sent) {
    const Delivery& delivery = sent.delivery;
    SendQueue::Ended ended = lane.queue.end(delivery, steady_now());
    const Notification& notification = ended.item.notification;
    using Kind = SendQueue::Ended::Kind;
    remember(lane, notification, sent);
    if (delivery.kind != Delivery::Kind::delivered) note_failed(lane, delivery);
    if (ended.needless) settle_needless(*ended.needless);
    publish();
    switch (ended.kind) {
        case Kind::retry: {
            const Duration wait = std::chrono::ceil<Duration>(ended.item.not_before - steady_now());
            const Duration asked = delivery.retry_after.value_or(Duration(0));
            journal.note_attempt(notification.sequence, ended.item.attempts,
                                 wall_now() + std::max(wait, asked), delivery.detail);
            break;
        }
        case Kind::superseded:
            supersede(*ended.superseded);
            break;
        case Kind::delivered: {
            note_delivered(lane, notification);
            Settlement settlement = settlement_of(notification, Settlement::Outcome::delivered, "");
            settlement.memory = std::move(sent.memory);
            if (!notification.is_beyond_routes() || !notification.instead_of.empty()) {
                lane.resends.told(notification, steady_now());
            }
            co_await settle(lane, std::move(settlement));
            clean_up_own(notification, Settlement::Outcome::delivered);
            break;
        }
        case Kind::dead:
            co_await bury(lane, notification, sent.delivery);
            break;
    }
}

asio::awaitable<void> Outbox::State::bury(Lane& lane, Notification notification,
                                          Delivery delivery) {
    const bool expired = delivery.kind == Delivery::Kind::retry;
    if (expired && observer.on_failed) observer.on_failed(lane.address, Reason::expired);
    const std::string why =
        expired ? fmt::format("given up after {}: {}", format_duration(give_up_after(lane.address)),
                              delivery.detail)
                : fmt::format("refused for good: {}", delivery.detail);
    report_trouble(lane.address, why);
    ++lane.dead;
    publish();
    if (observer.on_dead) observer.on_dead(lane.address);
    const ReceiverConfig* receiver = with_fallback(lane);
    if (receiver != nullptr) {
        hand_over(lane, *receiver, notification, fmt::format("has not taken it, {}", why));
    }
    Settlement settlement = settlement_of(notification, Settlement::Outcome::dead, why);
    co_await settle(lane, std::move(settlement));
    clean_up_own(notification, Settlement::Outcome::dead);
}

bool Outbox::State::may_run_ahead(Lane& lane) const {
    const IntegrationPtr integration = routing->find_integration(lane.address);
    if (integration == nullptr || !integration->knows_repeats()) return false;
    return ++lane.receipts_ahead < kReceiptsAhead;
}

asio::awaitable<void> Outbox::State::settle(Lane& lane, Settlement settlement) {
    if (may_run_ahead(lane)) {
        journal.settle(settlement);
        if (observer.on_settled) observer.on_settled(settlement);
        co_return;
    }
    lane.receipts_ahead = 0;
    // Waited for, so that a crash repeats one message and not all that were sent meanwhile.
    std::function<void()> asked = [this, settlement] {
        if (observer.on_settled) observer.on_settled(settlement);
    };
    co_await commits.settle(std::move(settlement), std::move(asked));
}

void Outbox::State::note_delivered(Lane& lane, const Notification& notification) {
    lane.last_delivered = wall_now();
    lane.last_error.clear();
    publish();
    if (!observer.on_delivered) return;
    const auto delay = steady_now() - notification.news_at.value_or(steady_now());
    observer.on_delivered(lane.address, std::chrono::round<Duration>(delay));
}

void Outbox::State::note_failed(Lane& lane, const Delivery& delivery) {
    lane.last_error = delivery.detail;
    if (observer.on_failed) observer.on_failed(lane.address, delivery.reason);
}

void Outbox::State::report_trouble(const Address& address, const std::string& what) {
    if (!observer.on_trouble) return;
    observer.on_trouble(
        fmt::format("receiver '{}', {}: {}", address.receiver, address.integration, what));
}

}  // namespace pilotlight::alerting
