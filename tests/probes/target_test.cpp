#include "probes/target.h"

#include <boost/test/unit_test.hpp>

#include "probes/catalogue.h"
#include "probes/probers.h"
#include "tests/probes/probe_now.h"

using namespace pilotlight;
using namespace pilotlight::probes;
using pilotlight::testing::make_target;

namespace {

config::TargetConfig redis_target() {
    config::TargetConfig config = make_target("redis://:hidden@cache.example:6379/1");
    config.name = "cache";
    config.prober = "redis";
    config.service = "storage";
    config.interval = std::chrono::seconds(15);
    config.timeout = std::chrono::seconds(5);
    config.labels = Labels{{"tier", "critical"}};
    config.where = {"pilotlight.yaml", 7, 5};
    return config;
}

std::uint64_t fingerprint(const config::TargetConfig& config, const config::Limits& limits = {}) {
    return prepare_target(config, limits).value().target->fingerprint;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(target)

BOOST_AUTO_TEST_CASE(labels_are_those_of_the_contract_and_no_secret) {
    const PreparedTarget prepared = prepare_target(redis_target(), {}).value();
    const Labels& labels = prepared.target->labels;
    BOOST_TEST(labels.get("target") == "cache");
    BOOST_TEST(labels.get("prober") == "redis");
    BOOST_TEST(labels.get("service") == "storage");
    BOOST_TEST(labels.get("tier") == "critical");
    BOOST_TEST(labels.get("instance").find("cache.example:6379") != std::string_view::npos);
    BOOST_TEST(labels.to_string().find("hidden") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_instance_among_its_labels_wins_over_the_address) {
    config::TargetConfig config = redis_target();
    config.labels = Labels{{"instance", "cache-1"}};
    const PreparedTarget prepared = prepare_target(config, {}).value();
    BOOST_TEST(prepared.target->instance == "cache-1");
    BOOST_TEST(prepared.target->labels.get("instance") == "cache-1");
}

BOOST_AUTO_TEST_CASE(without_an_address_the_instance_is_this_machine) {
    config::TargetConfig config = make_target("");
    config.prober = "host";
    const PreparedTarget prepared = prepare_target(config, {}).value();
    BOOST_TEST(prepared.target->instance != "");
    BOOST_TEST(prepared.target->labels.get("instance") == prepared.target->instance);
}

BOOST_AUTO_TEST_CASE(whatever_changes_a_target_changes_its_fingerprint) {
    const std::uint64_t same = fingerprint(redis_target());
    BOOST_TEST(fingerprint(redis_target()) == same);
    config::TargetConfig moved = redis_target();
    moved.where.line = 99;
    BOOST_TEST(fingerprint(moved) == same);

    config::TargetConfig password = redis_target();
    password.target = Secret("redis://:other@cache.example:6379/1");
    BOOST_TEST(fingerprint(password) != same);
    config::TargetConfig option = redis_target();
    option.options = make_target("", "{role: master}").options;
    BOOST_TEST(fingerprint(option) != same);
    config::TargetConfig labels = redis_target();
    labels.labels = {};
    BOOST_TEST(fingerprint(labels) != same);
    config::TargetConfig timeout = redis_target();
    timeout.timeout = std::chrono::seconds(4);
    BOOST_TEST(fingerprint(timeout) != same);
    config::TargetConfig service = redis_target();
    service.service = "";
    BOOST_TEST(fingerprint(service) != same);
    BOOST_TEST(fingerprint(redis_target(), config::Limits{.body_bytes = 5}) != same);
}

BOOST_AUTO_TEST_CASE(what_confirms_it_is_part_of_its_fingerprint) {
    const std::uint64_t same = fingerprint(redis_target());
    config::TargetConfig changed = redis_target();
    changed.confirmation.attempts = 1;
    BOOST_TEST(fingerprint(changed) != same);
    changed = redis_target();
    changed.confirmation.within = std::chrono::seconds(1);
    BOOST_TEST(fingerprint(changed) != same);
    changed = redis_target();
    changed.confirmation.recover_attempts = 2;
    BOOST_TEST(fingerprint(changed) != same);
    changed = redis_target();
    changed.addresses = config::AddressPolicy::each;
    BOOST_TEST(fingerprint(changed) != same);
}

BOOST_AUTO_TEST_CASE(the_host_is_found_in_addresses_of_every_form) {
    const auto host_of = [](const std::string& prober, const std::string& address,
                            const std::string& options = "{}") {
        config::TargetConfig config = make_target(address, options);
        config.prober = prober;
        return prepare_target(config, {}).value().target->host;
    };
    BOOST_TEST(host_of("http", "https://user:p%40ss@Example.com:8443/a@b?c=d") == "example.com");
    BOOST_TEST(host_of("http", "http://[2001:DB8::1]/") == "2001:db8::1");
    BOOST_TEST(host_of("http", "example.com/health") == "example.com");
    BOOST_TEST(host_of("http", "example.com:8080/check?vhost=db1") == "example.com");
    BOOST_TEST(host_of("http", "example.com/go?to=https://other.example/") == "example.com");
    BOOST_TEST(host_of("tcp", "Example.com:25") == "example.com");
    BOOST_TEST(host_of("tcp", "[::1]:25") == "::1");
    BOOST_TEST(host_of("tls", "example.com") == "example.com");
    BOOST_TEST(host_of("icmp", "2001:db8::1") == "2001:db8::1");
    BOOST_TEST(host_of("redis", "redis://:secret@cache.example:6379/1") == "cache.example");
    BOOST_TEST(host_of("postgres", "postgres://me:secret@db.example/app") == "db.example");
    BOOST_TEST(host_of("postgres", "dbname=app host=db.example user=me") == "db.example");
    BOOST_TEST(host_of("postgres", "postgres://a.example,b.example/app") == "");
    BOOST_TEST(host_of("postgres", "host=/run/postgresql dbname=app") == "");
    BOOST_TEST(host_of("unix", "/run/app.sock") == "");
    BOOST_TEST(host_of("host", "") == "");
}

BOOST_AUTO_TEST_CASE(every_address_can_be_asked_only_where_there_are_some) {
    const auto refusal = [](const std::string& prober, const std::string& address,
                            const std::string& options = "{}") -> std::string {
        config::TargetConfig config = make_target(address, options);
        config.prober = prober;
        config.addresses = config::AddressPolicy::each;
        const auto prepared = prepare_target(config, {});
        return prepared ? "" : prepared.error().front().to_string();
    };
    BOOST_TEST(refusal("http", "https://example.com/") == "");
    BOOST_TEST(refusal("host", "").contains("expected first, since the target has no host"));
    BOOST_TEST(refusal("unix", "/run/app.sock").contains("no host"));
    BOOST_TEST(refusal("postgres", "postgres://a,b/app").contains("no host, or several"));
    BOOST_TEST(refusal("http", "https://example.com/", "{proxy_url: 'http://proxy:3128'}")
                   .contains("the proxy chooses the address"));
}

BOOST_AUTO_TEST_CASE(an_unknown_prober_is_told_with_the_nearest) {
    config::TargetConfig config = redis_target();
    config.prober = "reddis";
    const auto prepared = prepare_target(config, {});
    BOOST_REQUIRE(!prepared.has_value());
    const std::string text = prepared.error().at(0).to_string();
    BOOST_TEST(text.starts_with("pilotlight.yaml:7:5:"));
    BOOST_TEST(text.find("did you mean \"redis\"") != std::string::npos);
    BOOST_TEST(text.find("hidden") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_mistake_of_every_target_is_told) {
    config::Config config;
    config.targets = {redis_target(), redis_target(), redis_target()};
    config.targets[1].options = make_target("", "{rol: master}").options;
    config.targets[2].name = "other";
    config.targets[2].target = Secret("http://hidden");
    const auto prepared = prepare_targets(config);
    BOOST_REQUIRE(!prepared.has_value());
    BOOST_TEST(prepared.error().size() == 3U);
    for (const Error& error : prepared.error()) {
        BOOST_TEST(error.to_string().find("hidden") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(the_registry_is_sorted_and_described) {
    std::string_view last;
    for (const ProberKind& kind : prober_kinds()) {
        BOOST_TEST((last < kind.name), kind.name);
        last = kind.name;
        BOOST_TEST(kind.description != "");
        BOOST_TEST((find_prober(kind.name) == &kind));
        for (const config::OptionDoc& option : kind.options()) {
            BOOST_TEST(option.description != "", kind.name << "." << option.key);
        }
    }
    BOOST_TEST(find_prober("nothing") == nullptr);
}

BOOST_AUTO_TEST_CASE(the_catalogue_names_each_metric_once) {
    std::string_view last;
    for (const CatalogueEntry& entry : catalogue()) {
        BOOST_TEST((last < entry.name), entry.name);
        last = entry.name;
        BOOST_TEST(is_legacy_metric_name(entry.name));
        BOOST_TEST(entry.help.ends_with("."), entry.name);
        BOOST_TEST((find_metric(entry.name) == &entry));
        if (entry.name.ends_with("_total")) BOOST_CHECK(entry.type == MetricType::counter);
    }
    BOOST_TEST(find_metric("no_such_metric") == nullptr);
    BOOST_TEST(find_metric("") == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
