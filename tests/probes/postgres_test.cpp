#include <boost/test/unit_test.hpp>

#include "probes/catalogue.h"
#include "probes/postgres_connection.h"
#include "probes/probers.h"
#include "tests/probes/probe_now.h"
#include "tests/support/postgres_server.h"
#include "tests/support/scripted_server.h"

using namespace pilotlight;
using namespace pilotlight::testing;
using probes::make_postgres;
using probes::Measurement;
using probes::Report;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// Started once: it takes a second or two.
PostgresServer& server() {
    static PostgresServer running;
    return running;
}

Report probe(const std::string& url, const std::string& options = "{}",
             Duration limit = seconds(10)) {
    Report report = probe_now(&make_postgres, url, options, limit);
    BOOST_TEST(report.outcome.detail.find("probe-password") == std::string::npos);
    for (const Measurement& each : report.measurements) {
        for (const auto& [name, value] : each.labels) {
            BOOST_TEST(value.find("probe-password") == std::string::npos);
        }
    }
    return report;
}

void check_down(const Report& report, const std::string& verdict) {
    BOOST_TEST(verdict_of(report) == verdict, report.outcome.detail);
    BOOST_TEST(value_of(report, "pg_up").value() == 0.0);
}

std::string error_response(const std::string& sqlstate) {
    using namespace std::string_literals;
    const std::string fields = "SFATAL\0VFATAL\0C"s + sqlstate + "\0Msaid so\0\0"s;
    const auto size = static_cast<char>(fields.size() + 4);
    return "E\0\0\0"s + size + fields;
}

/// A server that answers the start of a session so, over no TLS.
Report ask_scripted(Script script, Duration limit = seconds(5)) {
    const ScriptedServer scripted(std::move(script));
    return probe("postgres://probe:probe-password@" + scripted.address() + "/app?sslmode=disable",
                 "{}", limit);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres)

BOOST_AUTO_TEST_CASE(a_real_server_says_how_it_is) {
    const Report report = probe(server().url());
    BOOST_TEST(verdict_of(report) == "", report.outcome.detail);
    BOOST_TEST(value_of(report, "pg_up").value() == 1.0);
    BOOST_TEST(value_of(report, "pg_exporter_last_scrape_error").value() == 0.0);
    BOOST_TEST(label_of(report, "pg_static", "short_version").starts_with("15."));
    BOOST_TEST(value_of(report, "pg_replication_is_replica").value() == 0.0);
    BOOST_TEST(value_of(report, "pg_replication_lag_seconds").value() == 0.0);
    BOOST_TEST(value_of(report, "pg_settings_max_connections").value() == 20.0);
    BOOST_TEST(value_of(report, "pg_postmaster_start_time_seconds").value() > 1.6e9);
    BOOST_TEST(value_of(report, "pg_stat_archiver_failed_count").value() == 0.0);
    BOOST_TEST(value_of(report, "pg_stat_database_numbackends", "app").value() == 1.0);
    BOOST_TEST(value_of(report, "pg_database_size_bytes", "app").value() > 1e6);
    BOOST_TEST(value_of(report, "probe_postgres_duration_seconds", "connect").value() > 0.0);
    for (const Measurement& each : report.measurements) {
        BOOST_TEST((probes::find_metric(each.name) != nullptr), each.name);
    }
}

BOOST_AUTO_TEST_CASE(connections_are_counted_by_state_zeros_too) {
    const Report report = probe(server().url());
    double active = -1;
    int states = 0;
    for (const Measurement& each : report.measurements) {
        if (each.name != "pg_stat_activity_count" || each.labels[0].second != "app") continue;
        ++states;
        if (each.labels[1].second == "active") active = each.value;
    }
    BOOST_TEST(active == 1.0);
    BOOST_TEST(states == 6);
}

BOOST_AUTO_TEST_CASE(statistics_may_be_left_out) {
    const Report report = probe(server().url(), "{statistics: false}");
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(!value_of(report, "pg_settings_max_connections").has_value());
}

BOOST_AUTO_TEST_CASE(keyword_form_and_tls_with_a_checked_certificate) {
    const TemporaryFolder folder;
    const std::string ca = folder.write("ca.pem", server().authority());
    const std::string base = fmt::format(
        "host=localhost port={} user=probe password=probe-password dbname=app ", server().port());
    BOOST_TEST(verdict_of(probe(base + "sslmode=verify-full sslrootcert=" + ca)) == "");
    check_down(probe(base + "sslmode=verify-full"), "tls/certificate_invalid");
    check_down(probe(base + "sslmode=verify-ca sslrootcert=/nonexistent"),
               "unknown: tls/tls_settings");
}

BOOST_AUTO_TEST_CASE(logins_that_a_real_server_refuses) {
    check_down(probe(server().url("probe", "wrong")), "auth/wrong_password");
    check_down(probe(server().url("nobody", "probe-password")), "auth/wrong_password");
    check_down(probe(server().url("probe", "probe-password", "missing")), "auth/database_missing");
    server().run("CREATE ROLE crowded LOGIN PASSWORD 'x' CONNECTION LIMIT 0");
    check_down(probe(server().url("crowded", "x")), "auth/too_many_connections");
    check_down(probe(fmt::format("postgres://probe@127.0.0.1:{}/app", server().port())),
               "auth/password_missing");
}

BOOST_AUTO_TEST_CASE(the_password_may_be_in_a_file) {
    const TemporaryFolder folder;
    const std::string file = folder.write("password", "probe-password\n");
    const std::string url = fmt::format("postgres://probe@127.0.0.1:{}/app", server().port());
    BOOST_TEST(verdict_of(probe(url, "{password_file: " + file + "}")) == "");
}

BOOST_AUTO_TEST_CASE(queries_that_fail_name_their_sqlstate) {
    const Report missing = probe(server().url(), "{query: SELECT * FROM nothing}");
    check_down(missing, "query/query_failed");
    BOOST_TEST(missing.outcome.detail == "SQLSTATE 42P01: relation \"nothing\" does not exist");
    check_down(probe(server().url(), "{query: SELECT 1/0}"), "query/query_failed");
    check_down(probe(server().url(), "{query: 'SELECT * FROM generate_series(1, 20000)'}"),
               "query/too_many_rows");
    check_down(probe(server().url(), "{query: COPY (SELECT 1) TO STDOUT}"), "query/query_failed");
    server().run("CREATE TABLE private (); CREATE ROLE plain LOGIN PASSWORD 'x'");
    check_down(probe(server().url("plain", "x"), "{query: SELECT * FROM private}"),
               "query/no_permission");
}

BOOST_AUTO_TEST_CASE(the_querys_value_may_be_expected) {
    BOOST_TEST(verdict_of(probe(server().url(), "{query: SELECT 42, expect: '42'}")) == "");
    const Report wrong = probe(server().url(), "{query: SELECT 42, expect: '43'}");
    BOOST_TEST(verdict_of(wrong) == "query/unexpected_value");
    BOOST_TEST(verdict_of(probe(server().url(), "{query: SELECT NULL, expect: ''}")) ==
               "query/unexpected_value");
}

BOOST_AUTO_TEST_CASE(the_role_may_be_expected) {
    BOOST_TEST(verdict_of(probe(server().url(), "{role: primary}")) == "");
    const Report wrong = probe(server().url(), "{role: replica}");
    BOOST_TEST(verdict_of(wrong) == "query/wrong_role");
    BOOST_TEST(wrong.outcome.detail == "expected a replica, it is a primary");
    BOOST_TEST(value_of(wrong, "pg_up").value() == 1.0);
}

BOOST_AUTO_TEST_CASE(a_slow_query_ends_with_the_deadline_and_leaves_nothing_behind) {
    check_down(probe(server().url(), "{query: SELECT pg_sleep(30)}", milliseconds(700)),
               "query/timeout");
    wait_until("the server to cancel it", seconds(20), [] {
        const Report report =
            probe(server().url(),
                  "{statistics: false, expect: '0', query: \"SELECT count(*) FROM "
                  "pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND pid <> "
                  "pg_backend_pid()\"}");
        return verdict_of(report) == "";
    });
}

BOOST_AUTO_TEST_CASE(what_a_user_may_not_see_is_no_failure) {
    server().run("CREATE ROLE modest LOGIN PASSWORD 'x'");
    const Report report = probe(server().url("modest", "x"));
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(value_of(report, "pg_settings_max_connections").value() == 20.0);
}

BOOST_AUTO_TEST_CASE(stopped_and_started_again) {
    server().stop();
    check_down(probe(server().url()), "connect/refused");
    server().start();
    BOOST_TEST(verdict_of(probe(server().url())) == "");
}

BOOST_AUTO_TEST_CASE(the_first_address_that_takes_us_counts) {
    const std::string refused = std::to_string(refused_port());
    const std::string url = fmt::format(
        "postgres://probe:probe-password@127.0.0.1:{},127.0.0.1:{}/app", refused, server().port());
    BOOST_TEST(verdict_of(probe(url)) == "");
}

BOOST_AUTO_TEST_CASE(over_a_socket_of_this_machine) {
    check_down(probe("postgres:///app?host=/nonexistent&user=probe"), "connect/refused");
}

BOOST_AUTO_TEST_CASE(refusals_are_told_apart) {
    const auto refusing = [](const char* sqlstate) {
        return ask_scripted({expect("pilotlight"), send(error_response(sqlstate)), close()});
    };
    check_down(refusing("57P03"), "auth/starting_up");
    check_down(refusing("53300"), "auth/too_many_connections");
    check_down(refusing("28000"), "auth/not_allowed");
    check_down(refusing("57P01"), "auth/shutting_down");
    check_down(refusing("XX000"), "auth/refused_login");
}

BOOST_AUTO_TEST_CASE(a_pooler_that_refuses_options_is_asked_without) {
    const std::vector<Script> scripts{
        {expect("statement_timeout"), send(error_response("08P01")), close()},
        {expect("pilotlight"), send(error_response("57P03")), close()}};
    const ScriptedServer pooler(scripts);
    check_down(probe("postgres://probe:x@" + pooler.address() + "/app?sslmode=disable"),
               "auth/starting_up");
    BOOST_TEST(pooler.received(1).find("statement_timeout") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(servers_that_stall_lie_or_hang_up) {
    check_down(ask_scripted({stall()}, milliseconds(300)), "auth/timeout");
    check_down(
        ask_scripted({expect("pilotlight"), send("HTTP/1.1 400 Bad Request\r\n\r\n"), close()}),
        "auth/protocol");
    const ScriptedServer closing({close()});
    const Report closed = probe("postgres://probe:x@" + closing.address() + "/app?sslmode=disable");
    // Depending on when it hangs up.
    const bool told = closed.outcome.reason == "closed" || closed.outcome.reason == "reset";
    BOOST_TEST(told, verdict_of(closed));
    const ScriptedServer no_tls({send("N"), stall()});
    check_down(probe("postgres://probe:x@" + no_tls.address() + "/app?sslmode=require"),
               "tls/not_tls");
    const ScriptedServer stalls_in_tls(
        {expect(std::string("\x04\xd2\x16\x2f")), send("S"), stall()});
    check_down(probe("postgres://probe:x@" + stalls_in_tls.address() + "/app?sslmode=require", "{}",
                     milliseconds(300)),
               "tls/timeout");
}

BOOST_AUTO_TEST_CASE(a_name_that_does_not_exist) {
    const Report report = probe("postgres://probe:x@no-such-host.invalid/app", "{}", seconds(3));
    BOOST_TEST(report.outcome.phase == "resolve");
}

BOOST_AUTO_TEST_CASE(addresses_are_checked_without_repeating_them) {
    for (const char* wrong : {"", "postgres://probe:hidden@%zz/", "mysql://probe:hidden@x/",
                              "user=probe password=hidden", "postgres:///app?password=hidden"}) {
        const std::string refusal = refusal_of(&make_postgres, wrong, "{}");
        BOOST_TEST(refusal != "", wrong);
        BOOST_TEST(refusal.find("hidden") == std::string::npos);
    }
    BOOST_TEST(refusal_of(&make_postgres, "host=x", "{role: boss}").find("replica") !=
               std::string::npos);
    BOOST_TEST(
        refusal_of(&make_postgres, "postgres://a:b@x", "{password_file: y}").find("got both") !=
        std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
