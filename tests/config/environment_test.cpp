#include <boost/test/unit_test.hpp>

#include <cstdlib>

#include "config/options.h"
#include "config/yaml.h"

using pilotlight::Duration;
using pilotlight::Errors;
using pilotlight::Node;
using namespace pilotlight::config;

namespace {

struct Variables {
    Variables() {
        setenv("PL_TEST_HOST", "db.example.com", 1);
        setenv("PL_TEST_SECRET", "hunter2 hunter2", 1);
        setenv("PL_TEST_EMPTY", "", 1);
        setenv("PL_TEST_YAML", "a: [1]", 1);
        setenv("PL_TEST_PORT", "9000", 1);
        unsetenv("PL_TEST_UNSET");
    }
};

/// The scalar after expansion, or the errors.
std::string expanded(const std::string& text) {
    Node node;
    node.kind = Node::Kind::scalar;
    node.scalar = text;
    node.where = {"f", 1, 1};
    Errors errors;
    expand_environment(node, errors);
    return errors.empty() ? node.scalar : "error: " + errors.front().to_string();
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(environment, Variables)

BOOST_AUTO_TEST_CASE(variables_stand_for_their_text) {
    BOOST_TEST(expanded("${PL_TEST_HOST}") == "db.example.com");
    BOOST_TEST(expanded("http://${PL_TEST_HOST}:${PL_TEST_PORT}/x") ==
               "http://db.example.com:9000/x");
    BOOST_TEST(expanded("${PL_TEST_EMPTY}").empty());
}

BOOST_AUTO_TEST_CASE(a_default_stands_for_what_is_unset_or_empty) {
    BOOST_TEST(expanded("${PL_TEST_UNSET:-localhost:80}") == "localhost:80");
    BOOST_TEST(expanded("${PL_TEST_EMPTY:-x}") == "x");
    BOOST_TEST(expanded("${PL_TEST_HOST:-x}") == "db.example.com");
    BOOST_TEST(expanded("a${PL_TEST_UNSET:-}b") == "ab");
}

BOOST_AUTO_TEST_CASE(an_unset_variable_is_an_error_that_names_it) {
    BOOST_TEST(expanded("x${PL_TEST_UNSET}") ==
               "error: f:1:1: the environment variable PL_TEST_UNSET is not set, expected it or a "
               "default: ${PL_TEST_UNSET:-default}");
}

BOOST_AUTO_TEST_CASE(a_reference_without_end_is_an_error) {
    for (const char* text :
         {"${PL_TEST_HOST", "${PL_TEST_HOST:-x", "${PL_TEST_HOST-x}", "${PL_TEST_HOST:x}"}) {
        BOOST_TEST(expanded(text).starts_with("error: f:1:1: ${PL_TEST_HOST has no end"), text);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_reference_stays) {
    for (const char* text :
         {"$PL_TEST_HOST", "${1}:9115", "${}", "${", "$", "a$", "$(x)", "^a{2}$"}) {
        BOOST_TEST(expanded(text) == text);
    }
}

BOOST_AUTO_TEST_CASE(two_dollars_escape) {
    BOOST_TEST(expanded("$${PL_TEST_HOST}") == "${PL_TEST_HOST}");
    BOOST_TEST(expanded("$$x") == "$$x");
    BOOST_TEST(expanded("$${a}${PL_TEST_PORT}") == "${a}9000");
}

BOOST_AUTO_TEST_CASE(what_a_variable_holds_is_text_only) {
    BOOST_TEST(expanded("${PL_TEST_YAML}") == "a: [1]");
    setenv("PL_TEST_NESTED", "${PL_TEST_HOST}", 1);
    BOOST_TEST(expanded("${PL_TEST_NESTED}") == "${PL_TEST_HOST}");
}

BOOST_AUTO_TEST_CASE(values_are_expanded_everywhere_and_keys_nowhere) {
    Node node =
        parse_yaml("{'${PL_TEST_PORT}': ['${PL_TEST_PORT}', {a: '${PL_TEST_PORT}'}]}", "f").value();
    Errors errors;
    expand_environment(node, errors);
    BOOST_TEST(errors.empty());
    BOOST_TEST(node.entries[0].key == "${PL_TEST_PORT}");
    BOOST_TEST(node.entries[0].value.items[0].scalar == "9000");
    BOOST_TEST(node.entries[0].value.items[1].find("a")->scalar == "9000");
}

BOOST_AUTO_TEST_CASE(numbers_may_come_from_a_quoted_variable) {
    Node node = parse_yaml("'${PL_TEST_PORT}'", "f").value();
    Errors errors;
    int port = 0;
    expand_environment(node, errors);
    read_value(node, port, errors);
    BOOST_TEST(errors.empty());
    BOOST_TEST(port == 9000);
}

BOOST_AUTO_TEST_CASE(no_message_shows_what_the_environment_gave) {
    Node node = parse_yaml("'${PL_TEST_SECRET}('", "f").value();
    Errors errors;
    expand_environment(node, errors);
    bool flag = false;
    int count = 0;
    double number = 0;
    Duration wait{};
    Bytes size;
    std::optional<pilotlight::Regexp> regexp;
    pilotlight::Labels labels;
    pilotlight::Matchers matchers;
    Node list;
    list.kind = Node::Kind::sequence;
    list.items = {node};
    read_value(node, flag, errors);
    read_value(node, count, errors);
    read_value(node, number, errors);
    read_value(node, wait, errors);
    read_value(node, size, errors);
    read_value(node, regexp, errors);
    read_value(node, labels, errors);
    read_value(list, matchers, errors);
    BOOST_TEST(errors.size() == 8U);
    for (const auto& error : errors) {
        BOOST_TEST(!error.message.contains("hunter2"), error.message);
    }
}

BOOST_AUTO_TEST_SUITE_END()
