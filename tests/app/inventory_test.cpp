#include "app/inventory.h"

#include <boost/test/unit_test.hpp>

using namespace pilotlight;
using app::Inventory;

namespace {

std::string described(const Inventory& before, const Inventory& after) {
    const auto change = app::difference(before, after);
    if (!change) return "";
    std::string text = change->summary;
    for (const auto& [name, value] : change->details)
        text += "\n" + name + ": " + value;
    return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(inventory)

BOOST_AUTO_TEST_CASE(nothing_is_said_where_nothing_changed) {
    const Inventory same{{{"a.yaml", 1}}, {{"api", 2}}, {{"g/Down", 3}}};
    BOOST_TEST(described(same, same) == "");
    BOOST_TEST(described({}, {}) == "");
}

BOOST_AUTO_TEST_CASE(what_came_went_and_changed_is_counted_and_named) {
    const Inventory before{{{"a.yaml", 1}, {"gone.yaml", 1}},
                           {{"api", 2}, {"old", 1}},
                           {{"g/Down", 3}, {"g/Slow", 4}, {"g/Slow#2", 4}}};
    const Inventory after{{{"a.yaml", 9}, {"new.yaml", 1}},
                          {{"api", 2}, {"cache", 1}, {"db", 1}},
                          {{"g/Down", 8}, {"g/Slow", 4}, {"g/Slow#2", 5}}};
    BOOST_TEST(described(before, after) ==
               "Pilotlight configuration reloaded: 2 targets added, 1 removed; 2 rules changed; "
               "1 file added, 1 removed, 1 changed\n"
               "targets added: cache, db\n"
               "targets removed: old\n"
               "rules changed: g/Down, g/Slow#2\n"
               "files added: new.yaml\n"
               "files removed: gone.yaml\n"
               "files changed: a.yaml");
}

BOOST_AUTO_TEST_CASE(an_edit_that_changes_neither_targets_nor_rules_is_told_by_its_file) {
    BOOST_TEST(described({{{"alerting.yaml", 1}}, {}, {}}, {{{"alerting.yaml", 2}}, {}, {}}) ==
               "Pilotlight configuration reloaded: 1 file changed\nfiles changed: alerting.yaml");
}

BOOST_AUTO_TEST_CASE(of_many_names_the_first_are_listed) {
    Inventory after;
    for (int i = 100; i < 200; ++i)
        after.targets["t" + std::to_string(i)] = 1;
    const std::string text = described({}, after);
    BOOST_TEST(text.starts_with("Pilotlight configuration reloaded: 100 targets added\n"));
    BOOST_TEST(text.find("t119 and 80 more") != std::string::npos);
    BOOST_TEST(text.find("t120") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
