#include "config/options.h"

#include <boost/test/unit_test.hpp>

#include "config/yaml.h"

using namespace std::chrono_literals;
using pilotlight::Duration;
using pilotlight::Errors;
using pilotlight::Labels;
using pilotlight::Matchers;
using pilotlight::Node;
using pilotlight::Regexp;
using pilotlight::Secret;
using namespace pilotlight::config;

namespace {

/// Reads `text` as a T; the first error's message where that fails.
template <class T>
std::string message(std::string_view text) {
    const Node node = parse_yaml(text, "f").value();
    T value{};
    Errors errors;
    read_value(node, value, errors);
    return errors.empty() ? "accepted" : errors.front().to_string();
}

template <class T>
T value(std::string_view text, T value = T{}) {
    const Node node = parse_yaml(text, "f").value();
    Errors errors;
    read_value(node, value, errors);
    BOOST_TEST_REQUIRE(errors.empty(), text);
    return value;
}

struct Section {
    bool flag = false;
    int count = 3;
    Duration wait = 5s;
    std::optional<std::string> text;
    std::vector<int> codes;
};

constexpr Option<Section> kTable[] = {
    option<&Section::flag>("flag", "false", "a flag"),
    option<&Section::count>("count", "required", "a count"),
    option<&Section::wait>("wait", "5s", "a wait"),
    option<&Section::text>("text", "", "a text"),
    option<&Section::codes>("codes", "", "codes"),
};

std::pair<Section, std::string> section(std::string_view text) {
    Section read;
    Errors errors;
    read_options(parse_yaml(text, "f").value(), kTable, read, errors);
    std::string all;
    for (const auto& error : errors)
        all += error.to_string() + "\n";
    return {read, all};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(options)

BOOST_AUTO_TEST_CASE(durations_need_a_unit) {
    BOOST_TEST((value<Duration>("1h30m") == 90min));
    BOOST_TEST((value<Duration>("'15s'") == 15s));
    BOOST_TEST((value<Duration>("0") == 0s));
    BOOST_TEST(message<Duration>("5") ==
               "f:1:1: expected a duration such as 15s or 1h30m, got \"5\"");
    for (const char* bad : {"5 s", "-5s", "5S", "1s1h", "1.5s", "[5s]", "{}", "''", "5sec",
                            "99999999999999999999s", "~"}) {
        BOOST_TEST(message<Duration>(bad).starts_with("f:1:1: expected a duration"), bad);
    }
}

BOOST_AUTO_TEST_CASE(booleans_are_the_words_that_prometheus_takes) {
    for (const char* word : {"true", "True", "yes", "on"})
        BOOST_TEST(value<bool>(word), word);
    for (const char* word : {"false", "FALSE", "no", "off"}) {
        BOOST_TEST(!value<bool>(word, true), word);
    }
    BOOST_TEST(message<bool>("'true'") == "f:1:1: expected true or false, got \"true\"");
    for (const char* bad : {"1", "0", "y", "tru", "[]", "~"}) {
        BOOST_TEST(message<bool>(bad).starts_with("f:1:1: expected true or false, got "), bad);
    }
}

BOOST_AUTO_TEST_CASE(integers_are_whole_and_unquoted) {
    BOOST_TEST(value<int>("-12") == -12);
    BOOST_TEST(message<int>("1.5") == "f:1:1: expected an integer, got \"1.5\"");
    for (const char* bad :
         {"'5'", "0x10", "010", "1_000", "5 ", "99999999999", "+5", "five", "[5]"}) {
        const bool plain_five = std::string_view(bad) == "5 ";
        BOOST_TEST((message<int>(bad) == "accepted") == plain_five, bad);
    }
    BOOST_TEST(value<std::uint64_t>("18446744073709551615") == 18446744073709551615U);
    BOOST_TEST(message<std::uint64_t>("-1") ==
               "f:1:1: expected an integer of 0 or more, got \"-1\"");
}

BOOST_AUTO_TEST_CASE(numbers_are_finite) {
    BOOST_TEST(value<double>("-1.5e3") == -1500.0);
    for (const char* bad : {"nan", "inf", ".inf", "1e999", "1,5", "'1'", "1.5x"}) {
        BOOST_TEST(message<double>(bad).starts_with("f:1:1: expected a number"), bad);
    }
}

BOOST_AUTO_TEST_CASE(sizes_count_in_units_of_1024) {
    BOOST_TEST(value<Bytes>("512").count == 512U);
    BOOST_TEST(value<Bytes>("10KB").count == 10240U);
    BOOST_TEST(value<Bytes>("1MB").count == 1048576U);
    BOOST_TEST(value<Bytes>("2MiB").count == 2097152U);
    BOOST_TEST(value<Bytes>("1.5GiB").count == 1610612736U);
    BOOST_TEST(value<Bytes>("7B").count == 7U);
    BOOST_TEST(message<Bytes>("10kb") ==
               "f:1:1: expected a size such as 512, 10KB or 2MiB, got \"10kb\"");
    for (const char* bad :
         {"-1", "MB", "1 MB", "1.2.3MB", "0.3", "1XB", "99999999999TB", "[]", "''"}) {
        BOOST_TEST(message<Bytes>(bad).starts_with("f:1:1: expected a size"), bad);
    }
}

BOOST_AUTO_TEST_CASE(texts_take_any_scalar) {
    BOOST_TEST(value<std::string>("5") == "5");
    BOOST_TEST(value<std::string>("''").empty());
    BOOST_TEST(message<std::string>("[a]") == "f:1:1: expected a text, got a list");
    BOOST_TEST(message<std::string>("~") == "f:1:1: expected a text, got nothing");
    BOOST_TEST(value<Secret>("hunter2").reveal() == "hunter2");
    BOOST_TEST(message<Secret>("{a: hunter2}") == "f:1:1: expected a text, got a mapping");
}

BOOST_AUTO_TEST_CASE(regular_expressions_are_compiled) {
    BOOST_TEST(value<std::optional<Regexp>>("'^a+$'")->matches("aaa"));
    BOOST_TEST(value<std::vector<Regexp>>("['x', 'y']").size() == 2U);
    BOOST_TEST(message<std::optional<Regexp>>("'a('") ==
               "f:1:1: error parsing regexp: missing closing ): `a(`");
    BOOST_TEST(
        message<std::vector<Regexp>>("['a', '[']").starts_with("f:1:7: error parsing regexp: "));
    BOOST_TEST(message<std::vector<Regexp>>("a") == "f:1:1: expected a list, got \"a\"");
    BOOST_TEST(message<std::optional<Regexp>>("[]") ==
               "f:1:1: expected a regular expression, got a list");
}

BOOST_AUTO_TEST_CASE(labels_need_names_and_texts) {
    BOOST_TEST(value<Labels>("{b: 2, a: 'x'}").to_string() == R"({a="x", b="2"})");
    BOOST_TEST(message<Labels>("{a-b: 1}") ==
               "f:1:2: \"a-b\" is no label name, expected letters, digits and _");
    BOOST_TEST(message<Labels>("{a: [1]}") == "f:1:5: expected a text, got a list");
    BOOST_TEST(message<Labels>("[a]") ==
               "f:1:1: expected a mapping of label names to texts, got a list");
}

BOOST_AUTO_TEST_CASE(matchers_are_alertmanagers) {
    BOOST_TEST(value<Matchers>("['a=\"b\"', 'c=~d,e!=f']").size() == 3U);
    BOOST_TEST(message<Matchers>("['a']").starts_with("f:1:2: bad matcher"));
    BOOST_TEST(message<Matchers>("a=b") == "f:1:1: expected a list of matchers, got \"a=b\"");
}

BOOST_AUTO_TEST_CASE(maps_take_any_key) {
    const auto headers = value<std::map<std::string, std::string>>("{X-Api-Version: 2}");
    BOOST_TEST(headers.at("X-Api-Version") == "2");
    BOOST_TEST((message<std::map<std::string, std::string>>("{a: {}}")) ==
               "f:1:5: expected a text, got a mapping");
}

BOOST_AUTO_TEST_CASE(a_value_that_fails_leaves_what_was_there) {
    const Node bad = parse_yaml("[1, x]", "f").value();
    Errors errors;
    int count = 7;
    Duration wait = 3s;
    read_value(bad, count, errors);
    read_value(bad, wait, errors);
    BOOST_TEST(count == 7);
    BOOST_TEST((wait == 3s));
    BOOST_TEST(errors.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_table_reads_a_section_and_leaves_defaults) {
    const auto [read, errors] = section("{count: 4, text: hello, codes: [1, 2]}");
    BOOST_TEST(errors == "");
    BOOST_TEST(read.count == 4);
    BOOST_TEST((read.wait == 5s));
    BOOST_TEST(read.text.value() == "hello");
    BOOST_TEST(read.codes.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_key_without_a_value_keeps_the_default) {
    BOOST_TEST((section("{count: 4, wait: }").first.wait == 5s));
    BOOST_TEST(section("{count: }").second == "f:1:1: missing key \"count\"\n");
}

BOOST_AUTO_TEST_CASE(a_table_tells_every_mistake_at_once) {
    BOOST_TEST(section("{flag: 1, cuont: 2, wait: 5}").second ==
               "f:1:11: unknown key \"cuont\", did you mean \"count\"?\n"
               "f:1:8: expected true or false, got \"1\"\n"
               "f:1:1: missing key \"count\"\n"
               "f:1:27: expected a duration such as 15s or 1h30m, got \"5\"\n");
    BOOST_TEST(section("[1]").second == "f:1:1: expected a mapping, got a list\n");
    BOOST_TEST(section("count: 1\nzzzzzz: 2\n").second ==
               "f:2:1: unknown key \"zzzzzz\", expected one of: flag, count, wait, text, codes\n");
}

BOOST_AUTO_TEST_CASE(a_table_describes_itself) {
    const auto docs = docs_of(kTable);
    BOOST_TEST(docs.size() == 5U);
    BOOST_TEST(docs[2].type == "duration");
    BOOST_TEST(docs[3].type == "text");
    BOOST_TEST(docs[4].type == "list of integers");
}

BOOST_AUTO_TEST_CASE(long_texts_are_cut_in_messages) {
    const std::string text = message<int>(std::string(500, 'x'));
    BOOST_TEST(text.ends_with("xxx...\""));
    BOOST_TEST(text.size() < 120U);
}

BOOST_AUTO_TEST_SUITE_END()
