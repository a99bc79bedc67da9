// What an HTTP server answers: read in pieces of any size, decoded, and judged as a receiver's.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <exception>

#include "alerting/receivers/answers.h"
#include "alerting/receivers/slack_memory.h"
#include "core/check.h"
#include "runtime/http_decode.h"
#include "runtime/http_exchange.h"
#include "runtime/url.h"

namespace asio = boost::asio;

namespace pilotlight::fuzz {

namespace {

constexpr std::uint64_t kBodyLimit = 300;

/// A peer that says `text`, `piece` bytes at a time, and hangs up.
class Peer : public runtime::Stream {
  public:
    Peer(asio::any_io_executor executor, std::string_view text, std::size_t piece)
        : executor_(std::move(executor)), text_(text), piece_(piece) {}

    asio::awaitable<runtime::Attempt<std::size_t>> read_some(std::span<char> into) override {
        const std::size_t count = std::min({text_.size(), into.size(), piece_});
        std::copy_n(text_.begin(), count, into.begin());
        text_.remove_prefix(count);
        co_return count;
    }
    asio::awaitable<runtime::Attempt<void>> write(std::string_view) override {
        co_return runtime::Attempt<void>();
    }
    void set_deadline(runtime::Deadline deadline) override { deadline_ = deadline; }
    runtime::Deadline deadline() const override { return deadline_; }
    asio::any_io_executor executor() override { return executor_; }

  private:
    asio::any_io_executor executor_;
    std::string_view text_;
    std::size_t piece_;
    runtime::Deadline deadline_{};
};

runtime::HttpExchange answer_of(std::string_view text, std::size_t piece, bool is_head) {
    asio::io_context loop(1);
    Peer peer(loop.get_executor(), text, piece);
    runtime::HttpExchange answer;
    const auto done = [&](const std::exception_ptr& thrown, runtime::HttpExchange came) {
        PILOT_CHECK(thrown == nullptr);
        answer = std::move(came);
    };
    asio::co_spawn(loop, runtime::exchange(peer, "GET / HTTP/1.1\r\n\r\n", is_head, kBodyLimit),
                   done);
    loop.run();
    PILOT_CHECK(answer.body.size() <= kBodyLimit);
    PILOT_CHECK(answer.failure || answer.status > 0);
    return answer;
}

void judge(const runtime::HttpExchange& came) {
    runtime::HttpResult result;
    result.status = came.status;
    result.headers = came.headers;
    result.body = runtime::decode_body(result.header("Content-Encoding"), came.body, kBodyLimit,
                                       !came.failure && !came.truncated)
                      .body;
    PILOT_CHECK(result.body.size() <= kBodyLimit);
    // The second is part of what stands in a secret's place.
    const std::vector<Secret> secrets =
        alerting::with_parts({Secret("https://hooks.x/T0PSECRET"), Secret("secret")});
    static_cast<void>(alerting::classify_status(result, secrets));
    PILOT_CHECK(!alerting::describe_answer(result, secrets).contains("T0PSECRET"));
    const auto wait = alerting::retry_after(result, WallTime(std::chrono::hours(490'000)));
    PILOT_CHECK(!wait || *wait >= Duration::zero());
    static_cast<void>(alerting::SlackMemory::of_answer(result.body));
    const auto base = runtime::parse_url("https://example.com/a/b?c");
    static_cast<void>(runtime::resolve_reference(*base, result.header("Location")));
}

}  // namespace

void http_answer(std::string_view input) {
    if (input.empty()) return;
    const bool is_head = (input[0] & 1) != 0;
    const std::string_view text = input.substr(1);
    const auto whole = answer_of(text, text.size(), is_head);
    const auto bytewise = answer_of(text, 1, is_head);
    PILOT_CHECK(whole.failure.has_value() == bytewise.failure.has_value());
    if (!whole.failure) {
        PILOT_CHECK(whole.status == bytewise.status);
        PILOT_CHECK(whole.body == bytewise.body);
    }
    judge(whole);
}

}  // namespace pilotlight::fuzz
