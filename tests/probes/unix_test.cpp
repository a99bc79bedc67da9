#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <fstream>
#include <string>

#include "probes/probers.h"
#include "tests/probes/probe_now.h"
#include "tests/support/certificates.h"
#include "tests/support/redis_server.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::testing;
using probes::make_unix;
using probes::Report;
using std::chrono::milliseconds;

namespace {

/// Listens with a queue of one and never accepts.
class FullSocket {
  public:
    explicit FullSocket(const std::string& path) : listener_(open()), waiting_(open()) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        const auto* raw = reinterpret_cast<const sockaddr*>(&address);
        BOOST_REQUIRE(::bind(listener_, raw, sizeof address) == 0);
        BOOST_REQUIRE(::listen(listener_, 0) == 0);
        BOOST_REQUIRE(::connect(waiting_, raw, sizeof address) == 0);
    }
    FullSocket(const FullSocket&) = delete;
    FullSocket& operator=(const FullSocket&) = delete;
    ~FullSocket() {
        ::close(listener_);
        ::close(waiting_);
    }

  private:
    static int open() { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }
    int listener_;
    int waiting_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(unix_socket)

BOOST_AUTO_TEST_CASE(a_socket_that_accepts_is_good) {
    const TemporaryFolder folder;
    const std::string path = (folder.path() / "s").string();
    const ScriptedServer server({path}, {stall()});
    const Report report = probe_now(&make_unix, path);
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(value_of(report, "probe_failed_due_to_regex").value() == 0);
    BOOST_TEST(value_of(report, "probe_failed_due_to_bytes").value() == 0);
    BOOST_TEST(!value_of(report, "probe_ip_protocol").has_value());
}

BOOST_AUTO_TEST_CASE(holds_the_conversation_of_tcp) {
    const TemporaryFolder folder;
    const std::string path = (folder.path() / "s").string();
    const ScriptedServer server({path},
                                {send("hello 7\r\n"), expect("name 7\n"), send("ok"), stall()});
    const Report report = probe_now(&make_unix, "unix://" + path,
                                    "query_response: [{expect: '^hello (\\d)', send: 'name ${1}',"
                                    " labels: [{name: n, value: '${1}'}]}, {expect_bytes: ok}]");
    BOOST_TEST(verdict_of(report) == "", report.outcome.detail);
    BOOST_TEST(label_of(report, "probe_expect_info", "n") == "7");
}

BOOST_AUTO_TEST_CASE(speaks_with_a_real_redis) {
    const TemporaryFolder folder;
    const std::string path = (folder.path() / "redis").string();
    const RedisServer server({"--unixsocket", path});
    const Report report =
        probe_now(&make_unix, path, "query_response: [{send: PING}, {expect: '^.PONG$'}]");
    BOOST_TEST(verdict_of(report) == "", report.outcome.detail);
}

BOOST_AUTO_TEST_CASE(speaks_tls_with_the_name_it_was_told) {
    CertificateAuthority authority;
    const TemporaryFolder folder;
    const std::string path = (folder.path() / "s").string();
    const std::string trust = "ca_file: " + folder.write("ca.pem", authority.certificate());
    const ScriptedServer server({path}, {send("hi\n"), stall()},
                                ScriptedServer::Tls{.identity = authority.issue()});
    const std::string script = "query_response: [{expect: '^hi$'}]\ntls: true\ntls_config: {";
    const Report good = probe_now(&make_unix, path, script + trust + ", server_name: localhost}");
    BOOST_TEST(verdict_of(good) == "", good.outcome.detail);
    BOOST_TEST(value_of(good, "probe_ssl_earliest_cert_expiry").has_value());
    BOOST_TEST(value_of(good, "probe_tls_cipher_info").value() == 1);
    const Report other = probe_now(&make_unix, path, script + trust + ", server_name: other}");
    BOOST_TEST(verdict_of(other) == "tls/certificate_name_mismatch");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_connected_to_is_told_apart) {
    const TemporaryFolder folder;
    const auto path = [&](const char* name) { return (folder.path() / name).string(); };
    BOOST_TEST(verdict_of(probe_now(&make_unix, path("nothing"))) == "connect/not_found");
    folder.write("file", "text");
    BOOST_TEST(verdict_of(probe_now(&make_unix, path("file"))) == "connect/refused");
    {
        const ScriptedServer gone({path("left")}, {stall()});
    }
    BOOST_TEST(verdict_of(probe_now(&make_unix, path("left"))) == "connect/refused");
    const FullSocket full(path("full"));
    const Report report = probe_now(&make_unix, path("full"), "{}", milliseconds(200));
    BOOST_TEST(verdict_of(report) == "connect/timeout");
    BOOST_TEST(!value_of(report, "probe_failed_due_to_regex").has_value());
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused) {
    const auto refusal = [](const std::string& path, const std::string& options) {
        return refusal_of(&make_unix, path, options);
    };
    BOOST_TEST(refusal("", "{}") != "");
    BOOST_TEST(refusal(std::string(108, 'a'), "{}") != "");
    BOOST_TEST(refusal("/s", "tls: true").contains("server_name"));
    BOOST_TEST(refusal("/s", "query_response: [{starttls: true}]").contains("server_name"));
    BOOST_TEST(refusal("/s", "tls: true\ntls_config: {insecure_skip_verify: true}") == "");
    BOOST_TEST(refusal("/s", "preferred_ip_protocol: ip4") != "");
}

BOOST_AUTO_TEST_SUITE_END()
