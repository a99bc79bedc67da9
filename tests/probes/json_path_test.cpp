#include "probes/json_path.h"

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>

#include "probes/json_document.h"

using pilotlight::Result;
using pilotlight::probes::JsonDocument;
using pilotlight::probes::JsonPath;

namespace {

/// What the path selects, as JSON, joined; the error in brackets.
std::string select(std::string_view json, std::string_view path_text) {
    const Result<JsonPath> path = JsonPath::parse(path_text);
    if (!path) return "[" + path.error().message + "]";
    const Result<JsonDocument> document = JsonDocument::parse(json);
    if (!document) return "[" + document.error().message + "]";
    const auto values = document->select(*path);
    if (!values) return "[" + values.error().message + "]";
    std::string out;
    for (const JsonDocument::Value& value : *values)
        out += (out.empty() ? "" : " ") + value.text();
    return out;
}

std::string refusal_of(std::string_view path_text) {
    const Result<JsonPath> path = JsonPath::parse(path_text);
    return path ? "" : path.error().message;
}

constexpr std::string_view kStore = R"({"store": {
    "book": [
        {"title": "Sayings", "price": 8.95},
        {"title": "Sword", "price": 12.99},
        {"title": "Moby", "isbn": "0-553", "price": 8.99},
        {"title": "Rings", "isbn": "0-395", "price": 22.99}],
    "bicycle": {"color": "red", "price": 399}}})";

}  // namespace

BOOST_AUTO_TEST_SUITE(json_path)

// From RFC 9535, 1.5 and the examples of 2.3.
BOOST_AUTO_TEST_CASE(the_examples_of_the_standard_hold) {
    const std::pair<std::string_view, std::string> examples[] = {
        {"$.store.book[*].title", "Sayings Sword Moby Rings"},
        {"$..title", "Sayings Sword Moby Rings"},
        {"$.store..price", "399 8.95 12.99 8.99 22.99"},
        {"$..book[2].title", "Moby"},
        {"$..book[-1].title", "Rings"},
        {"$..book[0,1].title", "Sayings Sword"},
        {"$..book[:2].title", "Sayings Sword"},
        {"$..book[?@.isbn].title", "Moby Rings"},
        {"$..book[?@.price<10].title", "Sayings Moby"},
        {"$.store.book[?(@.price < $.store.book[1].price && @.isbn)].title", "Moby"},
        {"$.store.book[?@.isbn == '0-395' || @.price == 8.95].title", "Sayings Rings"},
        {"$.store.book[?!@.isbn].title", "Sayings Sword"},
        {"$.store.book[?!(@.price > 10)].title", "Sayings Moby"},
        {"$['store']['bicycle'][\"color\"]", "red"},
        {"$.store.bicycle.color", "red"},
        {"$.nothing.here", ""}};
    for (const auto& [path, selected] : examples)
        BOOST_TEST(select(kStore, path) == selected, path);
}

BOOST_AUTO_TEST_CASE(slices_are_those_of_the_standard) {
    const std::string_view letters = R"(["a","b","c","d","e","f","g"])";
    const std::pair<std::string_view, std::string> slices[] = {{"$[1:3]", "b c"},
                                                               {"$[5:]", "f g"},
                                                               {"$[1:5:2]", "b d"},
                                                               {"$[5:1:-2]", "f d"},
                                                               {"$[::-1]", "g f e d c b a"},
                                                               {"$[-2:]", "f g"},
                                                               {"$[:-5]", "a b"},
                                                               {"$[::0]", ""},
                                                               {"$[10:20]", ""},
                                                               {"$[-100:2]", "a b"},
                                                               {"$[ 1 : 3 : 1 ]", "b c"},
                                                               {"$[0]", "a"},
                                                               {"$[-7]", "a"},
                                                               {"$[-8]", ""},
                                                               {"$[7]", ""},
                                                               {"$[0,0]", "a a"},
                                                               {"$[9007199254740991]", ""},
                                                               {"$[::9007199254740991]", "a"}};
    for (const auto& [path, selected] : slices)
        BOOST_TEST(select(letters, path) == selected, path);
}

BOOST_AUTO_TEST_CASE(comparisons_are_those_of_the_standard) {
    const std::string_view json = R"({"obj": {"x": "y"}, "arr": [2, 3], "n": null, "big": 1e3})";
    const std::pair<std::string, bool> comparisons[] = {{"$.absent1 == $.absent2", true},
                                                        {"$.absent1 <= $.absent2", true},
                                                        {"$.absent == 'g'", false},
                                                        {"$.absent1 != $.absent2", false},
                                                        {"$.absent != 'g'", true},
                                                        {"1 <= 2", true},
                                                        {"1 > 2", false},
                                                        {"13 == '13'", false},
                                                        {"'a' <= 'b'", true},
                                                        {"'a' > 'b'", false},
                                                        {"$.obj == $.arr", false},
                                                        {"$.obj == $.obj", true},
                                                        {"$.arr == $.arr", true},
                                                        {"$.obj <= $.arr", false},
                                                        {"$.obj < $.arr", false},
                                                        {"1 <= $.arr", false},
                                                        {"true <= true", true},
                                                        {"true > true", false},
                                                        {"$.n == null", true},
                                                        {"$.absent == null", false},
                                                        {"$.big == 1000", true},
                                                        {"$.big == 1000.0e0", true},
                                                        {"-0 == 0", true},
                                                        {"@ == @", true},
                                                        {"@ < 'a'", false}};
    for (const auto& [expression, holds] : comparisons)
        BOOST_TEST((select(json, "$.arr[?" + expression + "]") == "2 3") == holds, expression);
}

BOOST_AUTO_TEST_CASE(names_may_be_of_any_text) {
    const std::string_view json =
        R"({"a b": 1, "it's": 2, "\"": 3, "grün": 4, "😀": 5, "\n": 6, "x-y": 7, "a.b": 8})";
    const std::pair<std::string_view, std::string> names[] = {{"$['a b']", "1"},
                                                              {R"($['it\'s'])", "2"},
                                                              {R"($["it's"])", "2"},
                                                              {R"($['"'])", "3"},
                                                              {"$.grün", "4"},
                                                              {R"($['gr\u00fcn'])", "4"},
                                                              {R"($['\uD83D\uDE00'])", "5"},
                                                              {R"($['\n'])", "6"},
                                                              {"$['x-y']", "7"},
                                                              {"$['a.b']", "8"}};
    for (const auto& [path, selected] : names)
        BOOST_TEST(select(json, path) == selected, path);
}

BOOST_AUTO_TEST_CASE(a_mistake_is_told_with_its_column) {
    const std::pair<std::string_view, std::string> mistakes[] = {
        {"", "column 1: a path begins with $"},
        {"status", "column 1: a path begins with $"},
        {"$.", "column 3: expected a name or *"},
        {"$.a b", "column 4: expected . or ["},
        {"$..", "column 4: expected a name or *"},
        {"$.a[", "column 5: expected a name in quotes, a number, *, : or ?"},
        {"$.a[1", "column 6: expected , or ]"},
        {"$.a['x]", "column 8: the text has no end"},
        {"$.a[01]", "column 5: not an integer of JSON"},
        {"$[-0]", "column 3: not an integer of JSON"},
        {"$[-", "column 3: not an integer of JSON"},
        {"$[9007199254740992]", "column 3: not an integer of JSON"},
        {"$.some-key", "column 7: a name with such characters is written ['some-...']"},
        {"$.a[?@.b ==]", "column 12: expected @, $, a number"},
        {"$.a[?@.*==1]", "column 6: a comparison takes paths of names and indexes only"},
        {"$.a[?1]", "column 7: expected a path by itself, or a comparison"},
        {"$.a[?(@.b]", "column 10: expected )"},
        {"$.a[?length(@.b)>1]", "column 6: functions are not supported"},
        {"$['\\x']", "column 5: no such escape"},
        {"$['\\uD800']", "column 10: half of a surrogate pair"},
        {"$['\\u12']", "column 6: expected four hexadecimal digits"},
        {"$[?@.a==1.]", "column 9: not a number of JSON"}};
    for (const auto& [path, message] : mistakes)
        BOOST_TEST(refusal_of(path).starts_with(message), path << ": " << refusal_of(path));
}

BOOST_AUTO_TEST_CASE(what_is_too_deep_or_too_much_is_refused) {
    BOOST_TEST(refusal_of("$" + std::string(5'000, 'x')).contains("4096"));
    std::string nested = "@";
    for (int i = 0; i < 40; ++i)
        nested = "@[?" + nested + "]";
    BOOST_TEST(refusal_of("$[?" + nested + "]").contains("nested too deeply"));
    const std::string parentheses = std::string(100, '(') + "@.a" + std::string(100, ')');
    BOOST_TEST(refusal_of("$[?" + parentheses + "]").contains("nested too deeply"));
    BOOST_TEST(select(std::string(200, '[') + std::string(200, ']'), "$")
                   .contains("nested more than 128 deep"));
    BOOST_TEST(select(std::string(1'000'000, '['), "$").contains("nested more than 128 deep"));
    BOOST_TEST(select(R"(["[[[[", "\"[[["])", "$[0]") == "[[[[");
    std::string wide = "[0";
    for (int i = 0; i < 50'000; ++i)
        wide += ",0";
    BOOST_TEST(select(wide + "]", "$..[*,*,*,*,*]").contains("values were looked at"));
    BOOST_TEST(select(wide + "]", "$[?$..[?@ == 1]]").contains("values were looked at"));
}

BOOST_AUTO_TEST_CASE(what_is_no_json_is_told_as_that) {
    BOOST_TEST(select("", "$").contains("no JSON from byte"));
    BOOST_TEST(select("<html>", "$").contains("no JSON from byte 1 on"));
    BOOST_TEST(select(R"({"a": 1} x)", "$").contains("no JSON from byte"));
    BOOST_TEST(select("[1e999]", "$").contains("out of range"));
}

BOOST_AUTO_TEST_SUITE_END()
