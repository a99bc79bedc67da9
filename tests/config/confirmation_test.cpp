#include <boost/test/unit_test.hpp>

#include <array>

#include "config/config.h"

using namespace std::chrono_literals;
using namespace pilotlight::config;

namespace {

constexpr std::array<std::string_view, 2> kProbers{"host", "tcp"};

std::shared_ptr<const Config> accepted(std::string_view text) {
    const auto config = parse_config(text, "p.yaml", "/etc/pl", kProbers);
    BOOST_TEST_REQUIRE(config.has_value());
    return *config;
}

/// The first error.
std::string refused(std::string_view text) {
    const auto config = parse_config(text, "p.yaml", "/etc/pl", kProbers);
    return config ? "accepted" : config.error().front().to_string();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(confirmation)

BOOST_AUTO_TEST_CASE(what_confirms_a_failure_is_the_target_s_or_the_defaults) {
    const auto config = accepted(R"(
defaults: {confirm: {attempts: 3}, recover: {attempts: 4}}
targets:
  - {name: own, prober: tcp, target: 'h:1', confirm: {within: 20s}, recover: {attempts: 2}, addresses: any}
  - {name: plain, prober: tcp, target: 'h:1'}
  - {name: none, prober: tcp, target: 'h:1', confirm: {attempts: 0}, recover: {attempts: 1}}
)");
    const auto& targets = config->targets;
    BOOST_CHECK((targets[0].confirmation ==
                 Confirmation{.attempts = 2, .within = 20s, .recover_attempts = 2}));
    BOOST_CHECK(targets[0].addresses == AddressPolicy::any);
    BOOST_CHECK((targets[1].confirmation ==
                 Confirmation{.attempts = 3, .within = 5s, .recover_attempts = 4}));
    BOOST_CHECK(targets[1].addresses == AddressPolicy::first);
    BOOST_TEST(targets[2].confirmation.attempts == 0);
    BOOST_TEST(targets[2].confirmation.recover_attempts == 1);
    BOOST_TEST(config->not_yet.empty());
    BOOST_CHECK(accepted("targets: [{name: a, prober: host}]")->targets[0].confirmation ==
                Confirmation{});
}

BOOST_AUTO_TEST_CASE(what_a_target_says_of_its_confirmation_is_checked) {
    const std::pair<const char*, const char*> kCases[] = {
        {"confirm: {attempt: 2}", "did you mean \"attempts\""},
        {"confirm: {attempts: 11}", "expected 0 to 10"},
        {"confirm: {attempts: -1}", "expected 0 to 10"},
        {"confirm: {within: 0s}", "more than 0s"},
        {"confirm: {within: 61s}", "expected at most 1m"},
        {"interval: 5m, confirm: {within: 6m}", "expected at most 5m"},
        {"recover: {attempts: 0}", "expected 1 to 10"},
    };
    for (const auto& [keys, message] : kCases) {
        const std::string all =
            refused(std::string("targets: [{name: a, prober: tcp, target: 'h:1', ") + keys + "}]");
        BOOST_TEST(all.contains(message), keys << ": " << all);
    }
}

BOOST_AUTO_TEST_CASE(the_defaults_confirm_within_a_minute) {
    BOOST_TEST(refused("defaults: {interval: 5m, confirm: {within: 61s}}")
                   .starts_with("p.yaml:1:44: expected at most 1m"));
    const auto config =
        accepted("defaults: {confirm: {within: 60s}}\ntargets: [{name: a, prober: host}]");
    BOOST_CHECK(config->targets[0].confirmation.within == 1min);
}

BOOST_AUTO_TEST_SUITE_END()
