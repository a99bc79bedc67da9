#include "core/document.h"

#include <boost/test/unit_test.hpp>

using pilotlight::Error;
using pilotlight::nearest_key;
using pilotlight::Node;
using pilotlight::unknown_key_message;

namespace {

Node scalar(std::string text) {
    Node node;
    node.kind = Node::Kind::scalar;
    node.scalar = std::move(text);
    return node;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(document)

BOOST_AUTO_TEST_CASE(finds_values_of_mappings_only) {
    Node mapping;
    mapping.kind = Node::Kind::mapping;
    mapping.entries.push_back({"a", {}, scalar("1")});
    BOOST_TEST_REQUIRE(mapping.find("a") != nullptr);
    BOOST_TEST(mapping.find("a")->scalar == "1");
    BOOST_TEST(mapping.find("b") == nullptr);
    BOOST_TEST(scalar("a").find("a") == nullptr);
}

BOOST_AUTO_TEST_CASE(names_its_kind) {
    Node list;
    list.kind = Node::Kind::sequence;
    Node mapping;
    mapping.kind = Node::Kind::mapping;
    BOOST_TEST(Node{}.kind_name() == "nothing");
    BOOST_TEST(list.kind_name() == "a list");
    BOOST_TEST(mapping.kind_name() == "a mapping");
}

BOOST_AUTO_TEST_CASE(shows_scalars_on_one_short_line_and_no_secrets) {
    BOOST_TEST(scalar("5").shown() == "\"5\"");
    BOOST_TEST(scalar("a\nb").shown() == "\"a b\"");
    BOOST_TEST(scalar(std::string(61, 'x')).shown() == '"' + std::string(60, 'x') + "...\"");
    Node secret = scalar("hunter2");
    secret.from_environment = true;
    BOOST_TEST(!secret.shown().contains("hunter2"));
    BOOST_TEST(Node{}.shown() == "nothing");
}

BOOST_AUTO_TEST_CASE(the_nearest_key_is_a_likely_slip) {
    const std::vector<std::string_view> keys{"rule_files", "targets", "listen", "http", "host"};
    BOOST_TEST(nearest_key("ruel_files", keys) == "rule_files");
    BOOST_TEST(nearest_key("rule_file", keys) == "rule_files");
    BOOST_TEST(nearest_key("rules_files", keys) == "rule_files");
    BOOST_TEST(nearest_key("htpt", keys) == "http");
    BOOST_TEST(nearest_key("Listen", keys) == "listen");
    BOOST_TEST(nearest_key("database", keys) == "");
    BOOST_TEST(nearest_key("", keys) == "");
    BOOST_TEST(nearest_key("x", {}) == "");
}

BOOST_AUTO_TEST_CASE(an_unknown_key_is_told_with_what_was_expected) {
    BOOST_TEST(unknown_key_message("ruel", {"rule", "group"}) ==
               "unknown key \"ruel\", did you mean \"rule\"?");
    BOOST_TEST(unknown_key_message("zzzzzz", {"rule", "group"}) ==
               "unknown key \"zzzzzz\", expected one of: rule, group");
}

BOOST_AUTO_TEST_CASE(errors_say_what_is_known_of_their_place) {
    BOOST_TEST(Error("bad").to_string() == "bad");
    BOOST_TEST(Error("bad", {"f", 0, 0}).to_string() == "f: bad");
    BOOST_TEST(Error("bad", {"f", 3, 0}).to_string() == "f:3: bad");
    BOOST_TEST(Error("bad", {"f", 3, 7}).to_string() == "f:3:7: bad");
    Node node;
    node.where = {"g", 1, 2};
    BOOST_TEST(node.error("worse").to_string() == "g:1:2: worse");
}

BOOST_AUTO_TEST_SUITE_END()
