#include "runtime/dialer.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <string>
#include <vector>

#include "runtime/services.h"
#include "runtime/task_group.h"
#include "runtime/url.h"
#include "runtime/wait.h"
#include "tests/support/certificates.h"
#include "tests/support/run_coroutine_test.h"
#include "tests/support/scripted_server.h"

namespace asio = boost::asio;
using namespace pilotlight;
using namespace pilotlight::runtime;
using namespace pilotlight::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

DialRequest to(std::uint16_t port) {
    DialRequest request;
    request.host = "127.0.0.1";
    request.port = port;
    return request;
}

std::string reason_of(const DialResult& result) {
    if (!result.failure) return "";
    return (result.failure->unknown ? "unknown " : "") + result.failure->phase + "/" +
           result.failure->reason;
}

/// No descriptor is left while it lives.
class NoDescriptors {
  public:
    NoDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int lowest = ::dup(0);
        ::close(lowest);
        rlimit none = before_;
        none.rlim_cur = static_cast<rlim_t>(lowest);
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(dialer)

BOOST_AUTO_TEST_CASE(connects_and_talks) {
    const ScriptedServer server({expect("ping"), send("pong"), half_close()});
    run_coroutine_test([&](Services& services) -> asio::awaitable<void> {
        DialRequest request = to(server.port());
        DialResult result = co_await dial(services, std::move(request), Deadline::in(seconds(5)));
        BOOST_REQUIRE(result.stream != nullptr);
        BOOST_TEST(result.address->to_string() == "127.0.0.1");
        const auto written = co_await result.stream->write("ping");
        BOOST_TEST(written.has_value());
        std::array<char, 16> bytes{};
        const auto count = co_await result.stream->read_some(bytes);
        BOOST_TEST(std::string(bytes.data(), count.value()) == "pong");
        const auto end = co_await result.stream->read_some(bytes);
        BOOST_TEST(end.value() == 0U);
    });
}

BOOST_AUTO_TEST_CASE(the_next_address_is_tried_after_a_refusal) {
    // The server listens on IPv4's loopback only; `localhost` may be both.
    const ScriptedServer server({stall()});
    run_coroutine_test([&](Services& services) -> asio::awaitable<void> {
        DialRequest request = to(server.port());
        request.host = "localhost";
        request.ip.preferred = 6;
        const DialResult result =
            co_await dial(services, std::move(request), Deadline::in(seconds(5)));
        BOOST_TEST(reason_of(result) == "");
        BOOST_TEST(result.address->version == 4);
    });
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_a_read_that_waits) {
    const ScriptedServer server({stall()});
    run_coroutine_test([&](Services& services) -> asio::awaitable<void> {
        DialRequest request = to(server.port());
        DialResult result =
            co_await dial(services, std::move(request), Deadline::in(milliseconds(100)));
        std::array<char, 16> bytes{};
        const auto first = co_await result.stream->read_some(bytes);
        BOOST_TEST(first.error().reason == "timeout");
        const auto second = co_await result.stream->read_some(bytes);
        BOOST_TEST(second.error().reason == "timeout");
        const auto written = co_await result.stream->write("x");
        BOOST_TEST(written.error().reason == "timeout");
    });
}

BOOST_AUTO_TEST_CASE(a_deadline_can_be_moved_both_ways) {
    const ScriptedServer server({drip("abc", milliseconds(60)), stall()});
    run_coroutine_test([&](Services& services) -> asio::awaitable<void> {
        DialRequest request = to(server.port());
        DialResult result =
            co_await dial(services, std::move(request), Deadline::in(milliseconds(100)));
        result.stream->set_deadline(Deadline::in(seconds(60)));
        std::array<char, 1> bytes{};
        for (int i = 0; i < 3; ++i) {
            const auto got = co_await result.stream->read_some(bytes);
            BOOST_TEST(got.value() == 1U);
        }
        const SteadyTime began = steady_now();
        result.stream->set_deadline(Deadline::in(milliseconds(50)));
        const auto got = co_await result.stream->read_some(bytes);
        BOOST_TEST(got.error().reason == "timeout");
        BOOST_TEST((steady_now() - began < seconds(5)));
    });
}

BOOST_AUTO_TEST_CASE(a_cancelled_read_throws_and_closes) {
    const ScriptedServer server({stall()});
    run_coroutine_test([&](Services& services) -> asio::awaitable<void> {
        TaskGroup group(services.executor());
        bool cancelled = false;
        group.spawn("reader", [&]() -> asio::awaitable<void> {
            DialRequest request = to(server.port());
            DialResult result =
                co_await dial(services, std::move(request), Deadline::in(seconds(60)));
            std::array<char, 16> bytes{};
            try {
                co_await result.stream->read_some(bytes);
            } catch (...) {
                cancelled = is_cancellation();
            }
        });
        co_await sleep_for(milliseconds(30));
        co_await group.cancel_and_join();
        BOOST_TEST(cancelled);
    });
}

BOOST_AUTO_TEST_CASE(a_cancelled_handshake_ends) {
    const ScriptedServer server({stall()});
    run_coroutine_test([&](Services& services) -> asio::awaitable<void> {
        TaskGroup group(services.executor());
        group.spawn("dialer", [&]() -> asio::awaitable<void> {
            DialRequest request = to(server.port());
            request.tls = TlsSettings();
            co_await dial(services, std::move(request), Deadline::in(seconds(60)));
            BOOST_ERROR("went on");
        });
        co_await sleep_for(milliseconds(30));
        co_await group.cancel_and_join();
    });
}

BOOST_AUTO_TEST_CASE(without_descriptors_it_is_our_own_fault) {
    const ScriptedServer server({stall()});
    run_coroutine_test([&](Services& services) -> asio::awaitable<void> {
        // The loop has its own descriptors by then.
        co_await sleep_for(milliseconds(1));
        const NoDescriptors none;
        DialRequest request = to(server.port());
        const DialResult result =
            co_await dial(services, std::move(request), Deadline::in(seconds(5)));
        BOOST_TEST(reason_of(result) == "unknown connect/no_descriptors");
    });
}

BOOST_AUTO_TEST_CASE(alpn_is_offered_and_told) {
    ScriptedServer::Tls tls{.identity = make_self_signed()};
    tls.alpn = "h2";
    const ScriptedServer server({{stall()}}, std::move(tls));
    run_coroutine_test([&](Services& services) -> asio::awaitable<void> {
        DialRequest request = to(server.port());
        request.tls = TlsSettings{.insecure_skip_verify = true};
        request.alpn = {"h2", "http/1.1"};
        const DialResult result =
            co_await dial(services, std::move(request), Deadline::in(seconds(5)));
        BOOST_TEST(reason_of(result) == "");
        BOOST_TEST(result.tls->alpn == "h2");
        BOOST_TEST(result.tls->reason == "certificate_self_signed");
    });
}

BOOST_AUTO_TEST_CASE(large_transfers_pass_both_ways_over_tls) {
    const std::string much(3'000'000, 'x');
    const ScriptedServer server({{expect("end"), send(much), half_close()}},
                                {.identity = make_self_signed()});
    run_coroutine_test([&](Services& services) -> asio::awaitable<void> {
        DialRequest request = to(server.port());
        request.tls = TlsSettings{.insecure_skip_verify = true};
        DialResult result = co_await dial(services, std::move(request), Deadline::in(seconds(15)));
        const std::string out = much + "end";
        const auto written = co_await result.stream->write(out);
        BOOST_TEST(written.has_value());
        std::vector<char> bytes(100'000);
        std::size_t total = 0;
        while (true) {
            const auto got = co_await result.stream->read_some(bytes);
            BOOST_REQUIRE(got.has_value());
            if (*got == 0) break;
            total += *got;
        }
        BOOST_TEST(total == much.size());
    });
}

BOOST_AUTO_TEST_SUITE_END()
