#include "runtime/resolver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "runtime/task_group.h"
#include "runtime/wait.h"
#include "tests/support/run_coroutine_test.h"

namespace asio = boost::asio;
using namespace pilotlight;
using namespace pilotlight::runtime;
using pilotlight::testing::run_coroutine_test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr int kTypeA = 1;
constexpr int kTypeNs = 2;
constexpr int kTypeAaaa = 28;

/// What a name server says to one question.
struct Reply {
    bool silent = false;
    int rcode = 0;
    std::vector<std::string> addresses{};
    /// The data of records of any type, as they stand in the message.
    std::vector<std::string> data{};
};
constexpr int kServerFailure = 2;
constexpr int kNameError = 3;
constexpr int kRefused = 5;

/// A name server on loopback's UDP that answers by a function of name and type.
class NameServer {
  public:
    using Answer = std::function<Reply(const std::string& name, int type)>;

    explicit NameServer(Answer answer) : answer_(std::move(answer)) {
        fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        BOOST_REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        socklen_t size = sizeof address;
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    NameServer(const NameServer&) = delete;
    NameServer& operator=(const NameServer&) = delete;
    ~NameServer() {
        stopping_ = true;
        thread_.join();
        ::close(fd_);
    }

    [[nodiscard]] Services::Options options() const {
        return {.resolver = {.servers = "127.0.0.1:" + std::to_string(port_)}};
    }
    [[nodiscard]] int questions(const std::string& name) {
        const std::scoped_lock lock(mutex_);
        return questions_[name];
    }

  private:
    void serve() {
        while (!stopping_) {
            pollfd waiting{fd_, POLLIN, 0};
            if (::poll(&waiting, 1, 10) <= 0) continue;
            unsigned char bytes[512];
            sockaddr_in peer{};
            socklen_t size = sizeof peer;
            const ssize_t count =
                ::recvfrom(fd_, bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&peer), &size);
            if (count < 17) continue;
            const std::string reply =
                respond({reinterpret_cast<char*>(bytes), static_cast<std::size_t>(count)});
            if (reply.empty()) continue;
            ::sendto(fd_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&peer), size);
        }
    }

    std::string respond(const std::string& question) {
        std::string name;
        std::size_t at = 12;
        while (at < question.size() && question[at] != 0) {
            const auto length = static_cast<std::size_t>(question[at]);
            if (!name.empty()) name += '.';
            name += question.substr(at + 1, length);
            at += 1 + length;
        }
        const int type = static_cast<unsigned char>(question[at + 2]);
        {
            const std::scoped_lock lock(mutex_);
            ++questions_[name];
        }
        const Reply reply = answer_(name, type);
        if (reply.silent) return "";
        return encode(question.substr(0, at + 5), reply, type);
    }

    static std::string encode(std::string message, const Reply& reply, int type) {
        message[2] = static_cast<char>(0x81);
        message[3] = static_cast<char>(0x80 | reply.rcode);
        std::vector<std::string> data = reply.data;
        for (const std::string& text : reply.addresses) {
            const IpAddress address = IpAddress::parse(text).value();
            data.emplace_back(address.octets().begin(), address.octets().end());
        }
        message[7] = static_cast<char>(data.size());
        message[9] = message[11] = 0;
        for (const std::string& each : data) {
            message += std::string("\xc0\x0c\x00", 3) + static_cast<char>(type) +
                       std::string("\x00\x01\x00\x00\x00\x3c\x00", 7) +
                       static_cast<char>(each.size()) + each;
        }
        return message;
    }

    Answer answer_;
    int fd_ = -1;
    int port_ = 0;
    std::atomic<bool> stopping_ = false;
    std::mutex mutex_;
    std::map<std::string, int> questions_;
    std::thread thread_;
};

std::string outcome_of(const Attempt<std::vector<IpAddress>>& result) {
    if (!result) return (result.error().unknown ? "unknown " : "") + result.error().reason;
    std::string text;
    for (const IpAddress& address : *result)
        text += (text.empty() ? "" : " ") + address.to_string();
    return text;
}

std::string resolve_now(NameServer& server, const std::string& host, IpPreference preference = {},
                        Duration limit = seconds(5)) {
    std::string outcome;
    run_coroutine_test(
        [&](Services& services) -> asio::awaitable<void> {
            const auto result =
                co_await services.resolver().resolve(host, preference, Deadline::in(limit));
            outcome = outcome_of(result);
        },
        seconds(20), server.options());
    return outcome;
}

/// The data of an SRV record (RFC 2782); `host` is one label or none.
std::string srv(int port, const std::string& host) {
    std::string data("\0\x0a\0\x05", 4);
    data += static_cast<char>(port >> 8);
    data += static_cast<char>(port & 0xff);
    if (!host.empty()) data += static_cast<char>(host.size()) + host;
    return data + '\0';
}

std::string records_now(NameServer& server, const std::string& name, RecordType type,
                        Duration limit = seconds(5)) {
    std::string outcome;
    run_coroutine_test(
        [&](Services& services) -> asio::awaitable<void> {
            const auto result =
                co_await services.resolver().records(name, type, Deadline::in(limit));
            if (!result) outcome = result.error().reason;
            for (const NameRecord& record : result ? *result : std::vector<NameRecord>{})
                outcome += record.host + ":" + std::to_string(record.port) + " ";
        },
        seconds(20), server.options());
    return outcome;
}

Reply dual_stack(const std::string&, int type) {
    if (type == kTypeA) return {.addresses = {"192.0.2.1", "192.0.2.2"}};
    if (type == kTypeAaaa) return {.addresses = {"2001:db8::1"}};
    return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(resolver)

BOOST_AUTO_TEST_CASE(numeric_hosts_need_no_server) {
    NameServer server([](const std::string&, int) { return Reply{.silent = true}; });
    BOOST_TEST(resolve_now(server, "192.0.2.7") == "192.0.2.7");
    BOOST_TEST(resolve_now(server, "2001:DB8::7") == "2001:db8::7");
    BOOST_TEST(resolve_now(server, "192.0.2.7", {.preferred = 6, .fallback = false}) ==
               "no_addresses");
}

BOOST_AUTO_TEST_CASE(localhost_is_known_without_a_server) {
    NameServer server([](const std::string&, int) { return Reply{.rcode = kNameError}; });
    BOOST_TEST(resolve_now(server, "localhost", {.preferred = 4}) == "127.0.0.1 ::1");
    BOOST_TEST(resolve_now(server, "App.LocalHost.", {.preferred = 6}) == "::1 127.0.0.1");
    BOOST_TEST(resolve_now(server, "localhost", {.preferred = 4, .fallback = false}) ==
               "127.0.0.1");
    BOOST_TEST(resolve_now(server, "notlocalhost") == "nxdomain");
}

BOOST_AUTO_TEST_CASE(the_preferred_family_comes_first) {
    NameServer server(&dual_stack);
    BOOST_TEST(resolve_now(server, "app.example", {.preferred = 6}) ==
               "2001:db8::1 192.0.2.1 192.0.2.2");
    BOOST_TEST(resolve_now(server, "app.example", {.preferred = 4}) ==
               "192.0.2.1 192.0.2.2 2001:db8::1");
    BOOST_TEST(resolve_now(server, "app.example", {.preferred = 4, .fallback = false}) ==
               "192.0.2.1 192.0.2.2");
}

BOOST_AUTO_TEST_CASE(one_family_is_enough) {
    NameServer server([](const std::string&, int type) {
        return type == kTypeA ? Reply{.addresses = {"192.0.2.1"}} : Reply{};
    });
    BOOST_TEST(resolve_now(server, "app.example", {.preferred = 6}) == "192.0.2.1");
    BOOST_TEST(resolve_now(server, "app.example", {.preferred = 6, .fallback = false}) ==
               "no_addresses");
}

BOOST_AUTO_TEST_CASE(a_family_that_is_never_answered_holds_up_little) {
    NameServer server([](const std::string&, int type) {
        return type == kTypeA ? Reply{.addresses = {"192.0.2.1"}} : Reply{.silent = true};
    });
    const SteadyTime began = steady_now();
    BOOST_TEST(resolve_now(server, "app.example", {.preferred = 6}) == "192.0.2.1");
    BOOST_TEST((steady_now() - began < seconds(1)));
}

BOOST_AUTO_TEST_CASE(a_name_that_does_not_exist_is_told) {
    NameServer server([](const std::string&, int) { return Reply{.rcode = kNameError}; });
    BOOST_TEST(resolve_now(server, "gone.example") == "nxdomain");
}

BOOST_AUTO_TEST_CASE(a_failing_zone_is_told_from_a_failing_resolver) {
    NameServer zone([](const std::string& name, int type) {
        if (name.empty() && type == kTypeNs) return Reply{};
        return Reply{.rcode = kServerFailure};
    });
    BOOST_TEST(resolve_now(zone, "app.example") == "server_failure");
    NameServer everything([](const std::string&, int) { return Reply{.rcode = kServerFailure}; });
    BOOST_TEST(resolve_now(everything, "app.example") == "unknown resolver_unreachable");
}

BOOST_AUTO_TEST_CASE(a_resolver_that_serves_nobody_here_says_nothing_of_the_name) {
    NameServer server([](const std::string&, int) { return Reply{.rcode = kRefused}; });
    BOOST_TEST(resolve_now(server, "app.example") == "unknown resolver_refuses");
}

BOOST_AUTO_TEST_CASE(silence_about_a_name_is_told_from_a_silent_resolver) {
    NameServer zone([](const std::string& name, int) {
        return name.empty() ? Reply{.rcode = kRefused} : Reply{.silent = true};
    });
    BOOST_TEST(resolve_now(zone, "app.example", {}, milliseconds(1'500)) == "timeout");
    NameServer dead([](const std::string&, int) { return Reply{.silent = true}; });
    const SteadyTime began = steady_now();
    BOOST_TEST(resolve_now(dead, "app.example", {}, milliseconds(1'500)) ==
               "unknown resolver_unreachable");
    BOOST_TEST((steady_now() - began < seconds(3)));
}

BOOST_AUTO_TEST_CASE(a_lost_question_is_asked_again) {
    std::atomic<int> asked = 0;
    NameServer server([&](const std::string&, int type) {
        if (type != kTypeA) return Reply{};
        if (asked++ == 0) return Reply{.silent = true};
        return Reply{.addresses = {"192.0.2.1"}};
    });
    BOOST_TEST(resolve_now(server, "app.example") == "192.0.2.1");
}

BOOST_AUTO_TEST_CASE(one_name_asked_many_times_at_once_is_one_question) {
    NameServer server(&dual_stack);
    run_coroutine_test(
        [&](Services& services) -> asio::awaitable<void> {
            TaskGroup group(services.executor());
            int good = 0;
            for (int i = 0; i < 50; ++i) {
                group.spawn("look-up", [&]() -> asio::awaitable<void> {
                    const IpPreference four{.preferred = 4, .fallback = false};
                    const auto result = co_await services.resolver().resolve(
                        "app.example", four, Deadline::in(seconds(5)));
                    if (result && result->size() == 2) ++good;
                });
            }
            co_await group.join();
            BOOST_TEST(good == 50);
        },
        seconds(20), server.options());
    BOOST_TEST(server.questions("app.example") == 1);
}

BOOST_AUTO_TEST_CASE(many_names_are_looked_up_at_once) {
    // Two questions each: as many as the name server's socket holds while it is not scheduled.
    constexpr int kNames = 60;
    NameServer server(&dual_stack);
    run_coroutine_test(
        [&](Services& services) -> asio::awaitable<void> {
            TaskGroup group(services.executor());
            int good = 0;
            for (int i = 0; i < kNames; ++i) {
                group.spawn("look-up", [&, i]() -> asio::awaitable<void> {
                    const std::string host = "app" + std::to_string(i) + ".example";
                    const auto result = co_await services.resolver().resolve(
                        host, IpPreference(), Deadline::in(seconds(10)));
                    if (result && result->size() == 3) ++good;
                });
            }
            co_await group.join();
            BOOST_TEST(good == kNames);
        },
        seconds(20), server.options());
}

BOOST_AUTO_TEST_CASE(a_look_up_can_be_cancelled_and_the_resolver_goes_on) {
    NameServer server([](const std::string& name, int type) {
        return name == "slow.example" ? Reply{.silent = true} : dual_stack(name, type);
    });
    run_coroutine_test(
        [&](Services& services) -> asio::awaitable<void> {
            TaskGroup group(services.executor());
            group.spawn("slow", [&]() -> asio::awaitable<void> {
                co_await services.resolver().resolve("slow.example", IpPreference(),
                                                     Deadline::in(seconds(60)));
                BOOST_ERROR("went on");
            });
            co_await sleep_for(milliseconds(20));
            co_await group.cancel_and_join();
            const auto result = co_await services.resolver().resolve("app.example", IpPreference(),
                                                                     Deadline::in(seconds(5)));
            BOOST_TEST(outcome_of(result) == "2001:db8::1 192.0.2.1 192.0.2.2");
        },
        seconds(20), server.options());
}

BOOST_AUTO_TEST_CASE(records_are_those_of_the_type_asked_for) {
    NameServer server([](const std::string& name, int type) {
        if (type == 33 && name == "_api._tcp.example.com") {
            return Reply{.data = {srv(8080, "a"), srv(65535, "b")}};
        }
        if (type == 15) return Reply{.data = {std::string("\0\x0a\4mail\0", 8)}};
        if (type == 2) return Reply{.data = {std::string("\2ns\0", 4)}};
        return Reply{.rcode = kNameError};
    });
    BOOST_TEST(records_now(server, "_api._tcp.example.com", RecordType::srv) == "a:8080 b:65535 ");
    BOOST_TEST(records_now(server, "example.com", RecordType::mx) == "mail:0 ");
    BOOST_TEST(records_now(server, "example.com", RecordType::ns) == "ns:0 ");
    BOOST_TEST(records_now(server, "none.example.com", RecordType::srv) == "nxdomain");
}

BOOST_AUTO_TEST_CASE(a_service_that_is_decidedly_not_there_has_no_records) {
    NameServer server([](const std::string&, int) { return Reply{.data = {srv(0, "")}}; });
    BOOST_TEST(records_now(server, "_api._tcp.example.com", RecordType::srv) == "no_records");
    NameServer empty([](const std::string&, int) { return Reply{}; });
    BOOST_TEST(records_now(empty, "_api._tcp.example.com", RecordType::srv) == "no_records");
}

BOOST_AUTO_TEST_CASE(records_that_are_none_are_a_servers_failure) {
    NameServer server([](const std::string&, int) { return Reply{.data = {"x"}}; });
    BOOST_TEST(records_now(server, "_api._tcp.example.com", RecordType::srv) == "server_failure");
    NameServer refusing([](const std::string&, int) { return Reply{.rcode = kRefused}; });
    BOOST_TEST(records_now(refusing, "_api._tcp.example.com", RecordType::srv) == "server_failure");
}

BOOST_AUTO_TEST_CASE(records_of_a_silent_server_end_by_the_deadline) {
    NameServer server([](const std::string&, int) { return Reply{.silent = true}; });
    BOOST_TEST(records_now(server, "_api._tcp.example.com", RecordType::srv,
                           std::chrono::milliseconds(300)) == "timeout");
}

BOOST_AUTO_TEST_SUITE_END()
