#include "alerting/change_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "core/check.h"
#include "runtime/loop.h"
#include "runtime/services.h"
#include "runtime/task_group.h"

namespace pilotlight::alerting {

namespace asio = boost::asio;

struct ChangeSender::State : std::enable_shared_from_this<ChangeSender::State> {
    State(runtime::Loop& loop_in, runtime::Services& services_in, OnTrouble on_trouble_in,
          BackoffOptions backoff_in)
        : loop(loop_in),
          services(services_in),
          on_trouble(std::move(on_trouble_in)),
          backoff(std::move(backoff_in)),
          tasks(loop_in.executor()) {}

    void tell(const SharedRouting& routing, const ChangeEvent& event);
    asio::awaitable<void> send(SharedRouting routing, IntegrationPtr integration,
                               ChangeEvent event);
    void report(const Integration& integration, std::string_view what) const;

    runtime::Loop& loop;
    runtime::Services& services;
    OnTrouble on_trouble;
    BackoffOptions backoff;

    // The loop's thread.
    bool stopped = false;
    runtime::TaskGroup tasks;
};

ChangeSender::ChangeSender(runtime::Loop& loop, runtime::Services& services, OnTrouble on_trouble,
                           BackoffOptions backoff)
    : state_(std::make_shared<State>(loop, services, std::move(on_trouble), std::move(backoff))) {}

ChangeSender::~ChangeSender() {
    PILOT_CHECK(state_->stopped);
}

void ChangeSender::tell(SharedRouting routing, ChangeEvent event) {
    PILOT_CHECK(routing != nullptr);
    state_->loop.post([state = state_, routing = std::move(routing), event = std::move(event)] {
        if (!state->stopped) state->tell(routing, event);
    });
}

asio::awaitable<void> ChangeSender::stop() {
    const std::shared_ptr<State> state = state_;
    state->stopped = true;
    co_await state->tasks.cancel_and_join();
}

void ChangeSender::State::tell(const SharedRouting& routing, const ChangeEvent& event) {
    for (const ReceiverConfig& receiver : routing->receivers) {
        if (!receiver.change_events) continue;
        for (const IntegrationPtr& integration : receiver.integrations) {
            if (!integration->takes_changes()) continue;
            if (tasks.size() >= kWaitingMax) {
                report(*integration, "too many wait to be told, this one is dropped");
                continue;
            }
            tasks.spawn("tell of a change", [this, routing, integration, event] {
                return send(routing, integration, event);
            });
        }
    }
}

asio::awaitable<void> ChangeSender::State::send(SharedRouting /*routing*/,
                                                IntegrationPtr integration, ChangeEvent event) {
    asio::steady_timer pause(loop.executor());
    for (int attempt = 1;; ++attempt) {
        const auto deadline = runtime::Deadline::in(integration->timeout());
        const Delivery delivery = co_await integration->send_change(services, event, deadline);
        if (delivery.kind == Delivery::Kind::delivered) co_return;
        if (delivery.kind == Delivery::Kind::rejected || attempt == kAttemptsMax) {
            report(*integration, delivery.detail);
            co_return;
        }
        const Duration asked = delivery.retry_after.value_or(Duration(0));
        pause.expires_after(
            std::max(backoff_after(attempt, backoff), std::min(asked, backoff.longest_asked)));
        co_await pause.async_wait(asio::use_awaitable);
    }
}

void ChangeSender::State::report(const Integration& integration, std::string_view what) const {
    const Address& to = integration.address();
    on_trouble(fmt::format("receiver '{}', {}: not told of a change: {}", to.receiver,
                           to.integration, what));
}

}  // namespace pilotlight::alerting
