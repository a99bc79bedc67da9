#include "app/discovered_targets.h"

#include <boost/test/unit_test.hpp>

using namespace pilotlight;
using namespace pilotlight::app;
using config::DiscoveredTarget;

namespace {

DiscoveredTarget discovered(const std::string& address, Labels labels = {}) {
    return {.address = address, .labels = std::move(labels), .where = {}};
}

struct Fixture {
    config::TargetPattern pattern;
    std::vector<DiscoveredTarget> said;
    std::vector<probes::PreparedTarget> targets;

    Fixture() {
        pattern.common.prober = "tcp";
        pattern.common.interval = std::chrono::seconds(15);
        pattern.common.timeout = std::chrono::seconds(5);
        pattern.modules = std::make_shared<const std::map<std::string, config::ModuleConfig>>();
    }

    /// The lines of what is left out.
    std::string add(std::size_t targets_max = 100) {
        const SourceTargets source{"http_sd u", pattern, said};
        std::string lines;
        for (const std::string& line : add_discovered({&source, 1}, {}, targets, targets_max))
            lines += line + "; ";
        return lines;
    }

    [[nodiscard]] std::string names() const {
        std::string all;
        for (const probes::PreparedTarget& target : targets)
            all += target.target->config.name + " ";
        return all;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(discovered_targets, Fixture)

BOOST_AUTO_TEST_CASE(another_order_is_no_news_and_another_label_is) {
    const auto one = in_order({discovered("b:1"), discovered("a:1"), discovered("b:1")});
    BOOST_REQUIRE(one.size() == 2U);
    BOOST_TEST(one[0].address == "a:1");
    BOOST_TEST(is_same(one, in_order({discovered("a:1"), discovered("b:1")})));
    BOOST_TEST(!is_same(one, in_order({discovered("a:1"), discovered("b:1", {{"x", "y"}})})));
    BOOST_TEST(!is_same(one, in_order({discovered("a:1")})));
    BOOST_TEST(!is_same(one, {}));
}

BOOST_AUTO_TEST_CASE(a_record_gives_back_what_it_was_made_of) {
    const auto before =
        in_order({discovered("http://u:p@a/", {{"env", "\"\n\\"}}), discovered("")});
    const auto after = targets_from(record_of("k", before));
    BOOST_REQUIRE(after.has_value());
    BOOST_TEST(is_same(before, *after));
    BOOST_TEST(record_of("k", {}).record == "[]");
    BOOST_TEST(targets_from({"k", "[]"})->empty());
}

BOOST_AUTO_TEST_CASE(a_record_of_another_form_fails_and_shows_nothing_of_it) {
    for (const char* text :
         {"", "hunter2", "[{}]", R"([{"address": 1, "labels": {}}])", R"(["hunter2"])",
          R"([{"address": "hunter2"}])", R"([{"address": "a", "labels": {"x": 1}}])"}) {
        const auto targets = targets_from({"k", text});
        BOOST_REQUIRE_MESSAGE(!targets.has_value(), text);
        BOOST_TEST(targets.error().message == "the record of k is no list of targets");
    }
}

BOOST_AUTO_TEST_CASE(an_address_that_is_no_text_of_utf8_breaks_no_record) {
    BOOST_TEST(targets_from(record_of("k", {discovered("a\xff:1")})).has_value());
}

BOOST_AUTO_TEST_CASE(a_name_that_is_taken_is_left_out_and_the_same_target_is_one) {
    said = {discovered("a:1"), discovered("a:1", {{"__meta_url", "other"}}),
            discovered("b:1", {{"target", "a:1"}}), discovered("c:1")};
    BOOST_TEST(add() == "http_sd u: another target is called \"a:1\" already; ");
    BOOST_TEST(names() == "a:1 c:1 ");
}

BOOST_AUTO_TEST_CASE(what_is_no_target_is_left_out_and_the_others_are_not) {
    said = {discovered(""), discovered("a:1", {{"__param_module", "none"}}),
            discovered("b:1", {{"__scrape_interval__", "soon"}}),
            discovered("c:1", {{"target", std::string(300, 'x')}}), discovered("d:1")};
    const std::string lines = add();
    BOOST_TEST(lines.find("neither __param_target nor __address__") != lines.npos);
    BOOST_TEST(lines.find("names \"none\"") != lines.npos);
    BOOST_TEST(lines.find("__scrape_interval__ is \"soon\"") != lines.npos);
    BOOST_TEST(lines.find("1 to 200 bytes") != lines.npos);
    BOOST_TEST(names() == "d:1 ");
}

BOOST_AUTO_TEST_CASE(a_wrong_option_of_the_prober_is_told_with_the_target) {
    pattern.common.prober = "nothing";
    said = {discovered("a:1")};
    BOOST_TEST(add().find("http_sd u: target \"a:1\": ") == 0U);
    BOOST_TEST(names() == "");
}

BOOST_AUTO_TEST_CASE(there_are_not_more_than_so_many) {
    said = {discovered("a:1"), discovered("b:1"), discovered("c:1"), discovered("d:1")};
    BOOST_TEST(add(2) == "http_sd u: more than 2 targets in all, the rest is left out; ");
    BOOST_TEST(names() == "a:1 b:1 ");
}

BOOST_AUTO_TEST_SUITE_END()
