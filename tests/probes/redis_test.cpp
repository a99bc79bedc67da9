#include <boost/test/unit_test.hpp>

#include "probes/catalogue.h"
#include "probes/probers.h"
#include "probes/redis_codec.h"
#include "probes/redis_info.h"
#include "tests/probes/probe_now.h"
#include "tests/support/redis_server.h"
#include "tests/support/scripted_server.h"

using namespace pilotlight;
using namespace pilotlight::testing;
using probes::make_redis;
using probes::Measurement;
using probes::read_redis_info;
using probes::RedisReply;
using probes::RedisReplyReader;
using probes::Report;
using std::chrono::milliseconds;

namespace {

/// One with a password, TLS and a replica; started once.
struct Servers {
    TemporaryFolder folder;
    CertificateAuthority authority;
    std::uint16_t tls_port = free_port();
    std::unique_ptr<RedisServer> master;
    std::unique_ptr<RedisServer> replica;

    Servers() {
        const PemPair identity = authority.issue();
        const std::string crt = folder.write("crt", identity.certificate);
        const std::string key = folder.write("key", identity.key);
        const std::string ca = folder.write("ca", authority.certificate());
        master = std::make_unique<RedisServer>(std::vector<std::string>{
            "--requirepass", "secret-word", "--tls-port", std::to_string(tls_port),
            "--tls-cert-file", crt, "--tls-key-file", key, "--tls-ca-cert-file", ca,
            "--tls-auth-clients", "no", "--maxmemory", "64mb"});
        replica = std::make_unique<RedisServer>(
            std::vector<std::string>{"--replicaof", "127.0.0.1", std::to_string(master->port()),
                                     "--masterauth", "secret-word"});
    }
    [[nodiscard]] std::string url(const std::string& login = ":secret-word@",
                                  const std::string& database = "") const {
        return "redis://" + login + "127.0.0.1:" + std::to_string(master->port()) + database;
    }
};

Servers& servers() {
    static Servers all;
    return all;
}

Report ask_scripted(std::string answer) {
    const ScriptedServer server({expect("INFO\r\n"), send(std::move(answer)), close()});
    return probe_now(&make_redis, "redis://" + server.address());
}

void check_no_secret(const Report& report) {
    BOOST_TEST(report.outcome.detail.find("secret-word") == std::string::npos);
    for (const Measurement& each : report.measurements) {
        for (const auto& [name, value] : each.labels) {
            BOOST_TEST(value.find("secret-word") == std::string::npos);
        }
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redis)

BOOST_AUTO_TEST_CASE(a_real_server_says_how_it_is) {
    const Report report = probe_now(&make_redis, servers().url());
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(value_of(report, "redis_up").value() == 1.0);
    BOOST_TEST(label_of(report, "redis_instance_info", "role") == "master");
    BOOST_TEST(label_of(report, "redis_instance_info", "redis_version") != "");
    BOOST_TEST(value_of(report, "redis_memory_used_bytes").value() > 1000.0);
    BOOST_TEST(value_of(report, "redis_memory_max_bytes").value() == 64.0 * 1024 * 1024);
    BOOST_TEST(value_of(report, "redis_connected_clients").value() >= 1.0);
    for (const char* name :
         {"redis_blocked_clients", "redis_connected_slaves", "redis_evicted_keys_total",
          "redis_rejected_connections_total", "redis_uptime_in_seconds",
          "redis_rdb_last_save_timestamp_seconds", "redis_loading_dump_file"}) {
        BOOST_TEST(value_of(report, name).has_value(), name);
    }
    for (const Measurement& each : report.measurements) {
        BOOST_TEST((probes::find_metric(each.name) != nullptr), each.name);
    }
    check_no_secret(report);
}

BOOST_AUTO_TEST_CASE(a_real_replica_says_whether_its_link_is_up) {
    const std::string url = "redis://127.0.0.1:" + std::to_string(servers().replica->port());
    Report report;
    wait_until("the replica's link", std::chrono::seconds(60), [&] {
        report = probe_now(&make_redis, url, "{role: replica}");
        return value_of(report, "redis_master_link_up") == 1.0;
    });
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(label_of(report, "redis_instance_info", "role") == "slave");
    BOOST_TEST(label_of(report, "redis_master_link_up", "master_host") == "127.0.0.1");
    BOOST_TEST(value_of(report, "redis_master_last_io_seconds_ago").value() >= 0.0);
    const Report master = probe_now(&make_redis, servers().url());
    BOOST_TEST(value_of(master, "redis_connected_slaves").value() == 1.0);
    BOOST_TEST(value_of(master, "redis_connected_slave_lag_seconds").has_value());

    const Report wrong = probe_now(&make_redis, url, "{role: master}");
    BOOST_TEST(verdict_of(wrong) == "info/wrong_role");
    BOOST_TEST(wrong.outcome.detail == "expected a master, it is a replica");
    BOOST_TEST(value_of(wrong, "redis_up").value() == 1.0);
}

BOOST_AUTO_TEST_CASE(logins_that_a_real_server_refuses) {
    const Report wrong = probe_now(&make_redis, servers().url(":not-the-secret-word@"));
    BOOST_TEST(verdict_of(wrong) == "auth/wrong_password");
    BOOST_TEST(value_of(wrong, "redis_up").value() == 0.0);
    check_no_secret(wrong);
    BOOST_TEST(verdict_of(probe_now(&make_redis, servers().url(""))) == "ping/auth_required");
    BOOST_TEST(verdict_of(probe_now(&make_redis, servers().url("nobody:secret-word@"))) ==
               "auth/wrong_password");
    const std::string open = "127.0.0.1:" + std::to_string(servers().replica->port());
    BOOST_TEST(verdict_of(probe_now(&make_redis, "redis://:secret-word@" + open)) ==
               "auth/password_not_set");
}

BOOST_AUTO_TEST_CASE(passwords_may_be_encoded_or_in_a_file) {
    BOOST_TEST(verdict_of(probe_now(&make_redis, servers().url("default:secret%2Dword@"))) == "");
    const std::string file = servers().folder.write("password", "secret-word\n");
    BOOST_TEST(verdict_of(probe_now(&make_redis, servers().url(""),
                                    "{password_file: " + file + "}")) == "");
}

BOOST_AUTO_TEST_CASE(databases_are_selected) {
    BOOST_TEST(verdict_of(probe_now(&make_redis, servers().url(":secret-word@", "/3"))) == "");
    BOOST_TEST(verdict_of(probe_now(&make_redis, servers().url(":secret-word@", "/99"))) ==
               "select/database_missing");
}

BOOST_AUTO_TEST_CASE(a_real_server_over_tls) {
    const std::string url = "rediss://:secret-word@localhost:" + std::to_string(servers().tls_port);
    const std::string ca = (servers().folder.path() / "ca").string();
    BOOST_TEST(verdict_of(probe_now(&make_redis, url, "{tls_config: {ca_file: " + ca + "}}")) ==
               "");
    const Report untrusted = probe_now(&make_redis, url);
    BOOST_TEST(verdict_of(untrusted).starts_with("tls/certificate_"), verdict_of(untrusted));
    const std::string plain = servers().url();
    BOOST_TEST(verdict_of(probe_now(&make_redis, "rediss" + plain.substr(5))) != "");
}

BOOST_AUTO_TEST_CASE(troubles_are_told_apart) {
    BOOST_TEST(
        verdict_of(probe_now(&make_redis, "redis://127.0.0.1:" + std::to_string(refused_port()))) ==
        "connect/refused");
    const Report loading = ask_scripted(
        "-LOADING Redis is loading the dataset in "
        "memory\r\n$28\r\nrole:master\r\nloading:1\r\n\r\n\r\n\r\n");
    BOOST_TEST(verdict_of(loading) == "ping/loading");
    BOOST_TEST(value_of(loading, "redis_loading_dump_file").value() == 1.0);
    BOOST_TEST(value_of(loading, "redis_up").value() == 0.0);
    BOOST_TEST(verdict_of(ask_scripted("-ERR max number of clients reached\r\n")) ==
               "ping/too_many_clients");
    BOOST_TEST(verdict_of(ask_scripted("-DENIED Redis is running in protected mode\r\n")) ==
               "ping/protected_mode");
    BOOST_TEST(verdict_of(ask_scripted("-READONLY no writes\r\n-ERR no\r\n")) == "ping/read_only");
    BOOST_TEST(verdict_of(ask_scripted("-WHATEVER\r\n")) == "ping/error_reply");
    BOOST_TEST(verdict_of(ask_scripted("+PANG\r\n+\r\n")) == "ping/protocol");
    BOOST_TEST(verdict_of(ask_scripted("HTTP/1.1 400 Bad Request\r\n\r\n")) == "ping/protocol");
    BOOST_TEST(verdict_of(ask_scripted("*1000000000\r\n")) == "ping/protocol");
    BOOST_TEST(verdict_of(ask_scripted("")) == "ping/closed");
    BOOST_TEST(verdict_of(ask_scripted("+PONG\r\n$100\r\nrole:ma")) == "info/closed");
}

BOOST_AUTO_TEST_CASE(a_server_that_stalls_is_a_timeout_where_it_stalled) {
    const ScriptedServer silent({stall()});
    BOOST_TEST(verdict_of(probe_now(&make_redis, "redis://" + silent.address(), "{}",
                                    milliseconds(200))) == "ping/timeout");
    const ScriptedServer half({expect("INFO\r\n"), send("+PONG\r\n$5\r\nab"), stall()});
    BOOST_TEST(verdict_of(probe_now(&make_redis, "redis://" + half.address(), "{}",
                                    milliseconds(200))) == "info/timeout");
    const ScriptedServer drips({drip(std::string(10'000, '+'), milliseconds(5))});
    BOOST_TEST(verdict_of(probe_now(&make_redis, "redis://" + drips.address(), "{}",
                                    milliseconds(300))) == "ping/timeout");
}

BOOST_AUTO_TEST_CASE(a_server_that_repeats_the_password_does_not_make_us_repeat_it) {
    const ScriptedServer server(
        {expect("INFO\r\n"),
         send("-ERR unknown command `AUTH`, with args beginning with: `secret-word`, \r\n"),
         close()});
    const Report report = probe_now(&make_redis, "redis://:secret-word@" + server.address());
    BOOST_TEST(verdict_of(report) == "auth/error_reply");
    check_no_secret(report);
}

BOOST_AUTO_TEST_CASE(addresses_are_checked_without_repeating_them) {
    for (const char* wrong : {"http://:secret-word@a:1", "redis://:secret-word@a:1/x",
                              "redis://:secret-word@:99999", "redis://:secret-word@"}) {
        const std::string refusal = refusal_of(&make_redis, wrong, "{}");
        BOOST_TEST(refusal != "", wrong);
        BOOST_TEST(refusal.find("secret-word") == std::string::npos);
    }
    BOOST_TEST(refusal_of(&make_redis, "localhost", "{}") == "");
    BOOST_TEST(refusal_of(&make_redis, "redis://[::1]:6380/0", "{}") == "");
    BOOST_TEST(refusal_of(&make_redis, "a:1", "{role: boss}").find("replica") != std::string::npos);
    BOOST_TEST(refusal_of(&make_redis, "redis://:x@a:1", "{password_file: y}").find("got both") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(info_is_read_line_by_line) {
    const auto info = read_redis_info(
        "# Server\r\nredis_version:7.0.15\r\nnonsense\r\nused_memory:1024\r\nmaxmemory:x\r\n"
        "role:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:down\r\n"
        "rdb_last_bgsave_status:err\r\n"
        "slave0:ip=10.0.0.2,port=6380,state=online,offset=42,lag=1\r\nslave_read_only:1\r\n"
        "db0:keys=5,expires=2,avg_ttl=0\r\ndb12:keys=1\r\ndbx:keys=9");
    BOOST_TEST(info.role == "slave");
    const Report report{{}, info.measurements};
    BOOST_TEST(value_of(report, "redis_memory_used_bytes").value() == 1024.0);
    BOOST_TEST(!value_of(report, "redis_memory_max_bytes").has_value());
    BOOST_TEST(value_of(report, "redis_master_link_up").value() == 0.0);
    BOOST_TEST(value_of(report, "redis_rdb_last_bgsave_status").value() == 0.0);
    BOOST_TEST(value_of(report, "redis_db_keys", "db0").value() == 5.0);
    BOOST_TEST(value_of(report, "redis_db_keys_expiring", "db0").value() == 2.0);
    BOOST_TEST(value_of(report, "redis_db_keys", "db12").value() == 1.0);
    BOOST_TEST(!value_of(report, "redis_db_keys", "dbx").has_value());
    BOOST_TEST(value_of(report, "redis_connected_slave_offset_bytes", "10.0.0.2").value() == 42.0);
    BOOST_TEST(value_of({{}, read_redis_info("").measurements}, "redis_instance_info").value() ==
               1.0);
}

BOOST_AUTO_TEST_CASE(replies_come_in_any_pieces) {
    const std::string bytes = "+PONG\r\n:42\r\n$-1\r\n$3\r\na\r\n\r\n-ERR no\r\n";
    RedisReplyReader reader;
    std::vector<RedisReply> replies;
    for (const char byte : bytes) {
        BOOST_TEST(reader.feed({&byte, 1}));
        const auto next = reader.next();
        BOOST_REQUIRE(next.has_value());
        if (*next) replies.push_back(**next);
    }
    BOOST_REQUIRE(replies.size() == 5U);
    BOOST_TEST(replies[1].text == "42");
    BOOST_CHECK(replies[2].kind == RedisReply::Kind::nil);
    BOOST_TEST(replies[3].text == "a\r\n");
    BOOST_CHECK(replies[4].kind == RedisReply::Kind::error);
}

BOOST_AUTO_TEST_CASE(an_endless_reply_is_cut_off) {
    RedisReplyReader reader;
    bool fed = true;
    for (int i = 0; i < 100 && fed; ++i)
        fed = reader.feed(std::string(100'000, '+'));
    BOOST_TEST(!fed);
}

BOOST_AUTO_TEST_SUITE_END()
