#include "app/dead_man.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "alerting/receivers/answers.h"
#include "core/check.h"
#include "runtime/http_client.h"
#include "runtime/loop.h"
#include "runtime/services.h"
#include "runtime/task_group.h"

namespace pilotlight::app {

namespace asio = boost::asio;

namespace {

constexpr Duration kTimeoutMax = std::chrono::seconds(10);

}  // namespace

struct DeadMan::State : std::enable_shared_from_this<DeadMan::State> {
    State(runtime::Loop& loop_in, runtime::Services& services_in, Trouble trouble_in,
          OnBeat on_beat_in)
        : loop(loop_in),
          services(services_in),
          trouble(std::move(trouble_in)),
          on_beat(std::move(on_beat_in)),
          wakeup(loop_in.executor()),
          tasks(loop_in.executor()) {}

    void configure(std::optional<config::DeadManConfig> next_config);
    asio::awaitable<void> run();
    asio::awaitable<void> beat();
    asio::awaitable<alerting::Delivery> send(config::DeadManConfig to);
    void report(std::string_view result, const std::string& why);

    runtime::Loop& loop;
    runtime::Services& services;
    Trouble trouble;
    OnBeat on_beat;

    // The loop's thread.
    std::optional<config::DeadManConfig> config;
    SteadyTime next{};
    /// Of the last turn; "" before the first.
    std::string_view last_result;
    asio::steady_timer wakeup;
    bool stopped = false;
    runtime::TaskGroup tasks;
};

DeadMan::DeadMan(runtime::Loop& loop, runtime::Services& services, Trouble trouble, OnBeat on_beat)
    : state_(std::make_shared<State>(loop, services, std::move(trouble), std::move(on_beat))) {
    loop.post([state = state_] {
        if (!state->stopped) state->tasks.spawn("dead man", [s = state.get()] { return s->run(); });
    });
}

DeadMan::~DeadMan() {
    PILOT_CHECK(state_->stopped);
}

void DeadMan::configure(std::optional<config::DeadManConfig> config) {
    state_->loop.post([state = state_, config = std::move(config)] { state->configure(config); });
}

asio::awaitable<void> DeadMan::stop() {
    const std::shared_ptr<State> state = state_;
    state->stopped = true;
    co_await state->tasks.cancel_and_join();
}

void DeadMan::State::configure(std::optional<config::DeadManConfig> next_config) {
    if (config == next_config) return;
    config = std::move(next_config);
    next = steady_now();
    last_result = "";
    wakeup.cancel();
}

asio::awaitable<void> DeadMan::State::run() {
    for (;;) {
        const SteadyTime now = steady_now();
        if (config && now >= next) {
            // At a fixed rate; turns that were missed are not made up for.
            next += config->every * std::max<std::int64_t>((now - next) / config->every, 0) +
                    config->every;
            co_await beat();
            continue;
        }
        wakeup.expires_at(config ? next : SteadyTime::max());
        // Woken early is no error; a cancelled coroutine throws at its next wait.
        co_await wakeup.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

asio::awaitable<void> DeadMan::State::beat() {
    const config::DeadManConfig to = *config;
    const std::string why = trouble(to, steady_now());
    if (!why.empty()) {
        report("withheld", why);
        co_return;
    }
    const alerting::Delivery delivery = co_await send(to);
    const bool sent = delivery.kind == alerting::Delivery::Kind::delivered;
    report(sent ? "sent" : "failed", delivery.detail);
}

asio::awaitable<alerting::Delivery> DeadMan::State::send(config::DeadManConfig to) {
    constexpr std::uint64_t kBodyMax = 4'096;
    runtime::HttpRequest request;
    request.url = to.url.reveal();
    request.max_redirects = 3;
    request.body_limit = kBodyMax;
    const auto deadline = runtime::Deadline::in(std::min(kTimeoutMax, to.every));
    const runtime::HttpResult answer =
        co_await runtime::fetch(services, std::move(request), deadline);
    const std::vector<Secret> secrets = alerting::with_parts({to.url});
    alerting::Delivery delivery = answer.failure ? alerting::classify_failure(*answer.failure)
                                                 : alerting::classify_status(answer, secrets);
    delivery.detail = alerting::quote_safely(std::move(delivery.detail), secrets);
    co_return delivery;
}

void DeadMan::State::report(std::string_view result, const std::string& why) {
    on_beat(result);
    if (result == std::exchange(last_result, result)) return;
    if (result == "sent") {
        spdlog::info("the heartbeat is sent");
    } else {
        spdlog::error("the heartbeat {}: {}", result == "failed" ? "fails" : "is withheld", why);
    }
}

}  // namespace pilotlight::app
