#include "config/yaml.h"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>

using pilotlight::Errors;
using pilotlight::Location;
using pilotlight::Node;
using pilotlight::config::load_yaml;
using pilotlight::config::MoreDocuments;
using pilotlight::config::parse_yaml;

namespace {

Node parsed(std::string_view text) {
    auto node = parse_yaml(text, "f.yaml");
    BOOST_TEST_REQUIRE(node.has_value(), (node ? "" : node.error().to_string()));
    return std::move(*node);
}

std::string refused(std::string_view text) {
    const auto node = parse_yaml(text, "f.yaml");
    return node ? "accepted" : node.error().to_string();
}

/// The tree on one line, scalars in quotes.
std::string flat(const Node& node) {
    switch (node.kind) {
        case Node::Kind::null:
            return "null";
        case Node::Kind::scalar:
            return '"' + node.scalar + '"';
        case Node::Kind::sequence: {
            std::string text = "[";
            for (const Node& item : node.items)
                text += (text.size() > 1 ? " " : "") + flat(item);
            return text + "]";
        }
        case Node::Kind::mapping: {
            std::string text = "{";
            for (const Node::Entry& entry : node.entries) {
                text += (text.size() > 1 ? " " : "") + entry.key + ":" + flat(entry.value);
            }
            return text + "}";
        }
    }
    return "?";
}

std::string flat(std::string_view text) {
    return flat(parsed(text));
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(yaml)

BOOST_AUTO_TEST_CASE(reads_scalars_lists_and_mappings_in_order) {
    BOOST_TEST(flat("b: 1\na: [x, 'y z', {k: }]\n") == R"({b:"1" a:["x" "y z" {k:null}]})");
    BOOST_TEST(flat(R"({"json": [1, true, null]})") == R"({json:["1" "true" null]})");
    BOOST_TEST(flat("~") == "null");
    BOOST_TEST(flat("'~'") == R"("~")");
}

BOOST_AUTO_TEST_CASE(an_empty_text_is_nothing) {
    BOOST_TEST(flat("") == "null");
    BOOST_TEST(flat("# only a comment\n") == "null");
    BOOST_TEST(flat("---\n...\n") == "null");
}

BOOST_AUTO_TEST_CASE(places_count_from_one_in_characters) {
    const Node node = parsed("top:\n  - {ü: 'x', key: value}\n");
    const Node& item = node.find("top")->items[0];
    BOOST_CHECK((node.where == Location{"f.yaml", 1, 1}));
    BOOST_CHECK((item.where == Location{"f.yaml", 2, 5}));
    BOOST_CHECK((item.entries[1].key_where == Location{"f.yaml", 2, 14}));
    BOOST_CHECK((item.entries[1].value.where == Location{"f.yaml", 2, 19}));
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_moves_no_place) {
    BOOST_CHECK((parsed("\xef\xbb\xbf"
                        "a: b")
                     .find("a")
                     ->where == Location{"f.yaml", 1, 4}));
}

BOOST_AUTO_TEST_CASE(windows_line_ends_are_line_ends) {
    const Node node = parsed("a: 1\r\nb: 2\r\n");
    BOOST_TEST(flat(node) == R"({a:"1" b:"2"})");
    BOOST_TEST(node.find("b")->where.line == 2);
}

BOOST_AUTO_TEST_CASE(quoted_plain_and_block_scalars_are_told_apart) {
    const Node node = parsed(
        "plain: 5\nsingle: '5'\ndouble: \"5\"\nanchored: &x '5'\ntagged: !!str 5\n"
        "block: |\n  5\nfolded: >-\n  5\n");
    BOOST_TEST(!node.find("plain")->quoted);
    BOOST_TEST(node.find("single")->quoted);
    BOOST_TEST(node.find("double")->quoted);
    BOOST_TEST(node.find("anchored")->quoted);
    BOOST_TEST(node.find("tagged")->quoted);
    BOOST_TEST(!node.find("plain")->block);
    BOOST_TEST(node.find("block")->block);
    BOOST_TEST(!node.find("block")->quoted);
    BOOST_TEST(node.find("block")->scalar == "5\n");
    BOOST_TEST(node.find("folded")->block);
    BOOST_TEST(node.find("folded")->scalar == "5");
}

BOOST_AUTO_TEST_CASE(aliases_stand_for_their_anchor) {
    BOOST_TEST(flat("a: &x [1, 2]\nb: *x\n") == R"({a:["1" "2"] b:["1" "2"]})");
    BOOST_TEST(flat("- &k key\n- {*k : v}\n") == R"(["key" {key:"v"}])");
    BOOST_TEST(flat("- &x 1\n- &x 2\n- *x\n") == R"(["1" "2" "2"])");
}

BOOST_AUTO_TEST_CASE(merge_keys_fill_in_what_the_mapping_leaves_out) {
    BOOST_TEST(flat("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3, z: 4}\n") ==
               R"({a:{x:"1" y:"2"} b:{y:"3" z:"4" x:"1"}})");
    BOOST_TEST(flat("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}\n") ==
               R"({a:{x:"1"} b:{x:"2" y:"2"} c:{x:"1" y:"2"}})");
}

BOOST_AUTO_TEST_CASE(a_merge_key_before_or_behind_gives_the_same) {
    const Node before = parsed("a: &a {x: 1}\nb: {<<: *a, x: 2}\n");
    const Node behind = parsed("a: &a {x: 1}\nb: {x: 2, <<: *a}\n");
    BOOST_TEST(before.find("b")->find("x")->scalar == "2");
    BOOST_TEST(behind.find("b")->find("x")->scalar == "2");
}

BOOST_AUTO_TEST_CASE(a_quoted_merge_key_is_a_key) {
    BOOST_TEST(flat("{'<<': 1}") == R"({<<:"1"})");
}

BOOST_AUTO_TEST_CASE(refuses_to_merge_what_is_no_mapping) {
    BOOST_TEST(refused("a: 1\n<<: 5\n") ==
               "f.yaml:2:5: expected a mapping or a list of mappings to merge with <<, "
               "got a single value");
    BOOST_TEST(has(refused("<<: [{a: 1}, 2]\n"), "f.yaml:1:14: expected a mapping"));
    BOOST_TEST(has(refused("a: &a {}\n<<: *a\n<<: *a\n"), "f.yaml:3:1: the key \"<<\" is given"));
}

BOOST_AUTO_TEST_CASE(refuses_a_key_given_twice_with_its_place) {
    BOOST_TEST(refused("a: 1\nb: 2\na: 3\n") == "f.yaml:3:1: the key \"a\" is given twice");
    BOOST_TEST(refused("{x: {k: 1, \"k\": 2}}") == "f.yaml:1:12: the key \"k\" is given twice");
}

BOOST_AUTO_TEST_CASE(refuses_a_key_given_twice_among_many) {
    std::string text;
    for (int i = 0; i < 40; ++i)
        text += "k" + std::to_string(i) + ": 1\n";
    BOOST_TEST(parsed(text).entries.size() == 40U);
    BOOST_TEST(refused(text + "k39: 2\n") == "f.yaml:41:1: the key \"k39\" is given twice");
    BOOST_TEST(refused(text + "k0: 2\n") == "f.yaml:41:1: the key \"k0\" is given twice");
    BOOST_TEST(parsed("a: &a {x: 1, k3: 2}\nb:\n  <<: *a\n  k3: 3\n").find("b")->entries.size() ==
               2U);
}

BOOST_AUTO_TEST_CASE(refuses_keys_that_are_no_texts) {
    for (const char* text : {"{[a]: 1}", "? {a: 1}\n: 2\n", "~: 1\n", "&a []: 1\n"}) {
        BOOST_TEST(has(refused(text), "expected a text as a key"), text << ": " << refused(text));
    }
}

BOOST_AUTO_TEST_CASE(refuses_tags_it_would_not_act_on) {
    BOOST_TEST(refused("a: !vault secret\n") == "f.yaml:1:4: unknown tag \"!vault\"");
    BOOST_TEST(has(refused("a: !!binary aGk=\n"), "unknown tag"));
    BOOST_TEST(flat("{a: !!int 5, b: !!map {}}") == R"({a:"5" b:{}})");
}

BOOST_AUTO_TEST_CASE(syntax_errors_say_where_and_what_was_expected) {
    const std::pair<const char*, const char*> kCases[] = {
        {"a: b: c\n", "f.yaml:1:5: bad YAML: unexpected \":\""},
        {"a: [1, 2\n", "expected \",\" or \"]\""},
        {"a: {b: 1\n", "expected \",\" or \"}\""},
        {"a: 'b\n", "f.yaml:1:4: bad YAML: the closing quote is missing"},
        {"a: 'b", "the closing quote is missing"},
        {"a: 'b''", "the closing quote is missing"},
        {"a: \"b\\\"\nc: 1\n", "f.yaml:1:4: bad YAML: the closing quote is missing"},
        {"a: 'b''c'", "accepted"},
        {"a: \"b\\\\\"", "accepted"},
        {"a: 1\n  b: 2\n", "f.yaml:2:4: bad YAML"},
        {"a: 1\n b: 2\nc: 3\n", "f.yaml:2:"},
        {"a:\n\t- 1\n", "f.yaml:2:1: bad YAML: unexpected character"},
        {"a: 1\nb\nc: 2\n", "f.yaml:2:1: bad YAML: expected \":\" after the key"},
        {"a:\n  - 1\n  b: 2\n", "f.yaml:3:3: bad YAML: expected a \"- item\""},
        {"a: - 1\n", "f.yaml:1:4: bad YAML: unexpected \"- \""},
        {"a: \xc2\x80\n", "f.yaml:1:4: bad YAML: control characters are not allowed"},
        {"a: @x\n", "f.yaml:1:4: bad YAML: unexpected character"},
        {"a: %x\n", "f.yaml:1:4: bad YAML: unexpected character"},
        {"a: *nowhere\n", "f.yaml:1:4: bad YAML: an alias without an anchor"},
        {"a: \"\\q\"\n", "unknown escape"},
        {"]", "f.yaml:1:1: bad YAML"},
        {"a: 1\n]\n", "f.yaml:2:1: bad YAML"},
        {"a: 1]\n", "accepted"},
    };
    for (const auto& [text, message] : kCases) {
        BOOST_TEST(has(refused(text), message), text << " gives: " << refused(text));
    }
}

BOOST_AUTO_TEST_CASE(refuses_a_second_document_unless_told_to_ignore_it) {
    constexpr std::string_view kTwo = "a: 1\n---\nb: 2\n";
    BOOST_TEST(has(refused(kTwo), "f.yaml:2:1: a second document"));
    const auto first = parse_yaml(kTwo, "f.yaml", MoreDocuments::ignore);
    BOOST_REQUIRE(first.has_value());
    BOOST_TEST(flat(*first) == R"({a:"1"})");
    BOOST_TEST(!parse_yaml("a: 1\n]\n", "f.yaml", MoreDocuments::ignore).has_value());
    BOOST_TEST(flat("---\na: 1\n...\n") == R"({a:"1"})");
}

BOOST_AUTO_TEST_CASE(refuses_text_that_yaml_would_silently_change_or_cut) {
    BOOST_TEST(refused("a: 1\nb: \x04 2\nc: 3\n") ==
               "f.yaml:2:4: control character 0x04, expected text");
    BOOST_TEST(refused(std::string_view("a: \0 1", 6)) ==
               "f.yaml:1:4: control character 0x00, expected text");
    for (const char* bad : {"a: \xff", "a: \xc3(", "\xed\xa0\x80", "\xc0\x80", "\xf5\x80\x80\x80",
                            "a: \xe2\x82", "\xff\xfe\x61"}) {
        BOOST_TEST(has(refused(bad), "expected UTF-8 text"));
    }
    BOOST_TEST(flat("ключ: \xf0\x9f\x94\xa5") == "{ключ:\"\xf0\x9f\x94\xa5\"}");
}

BOOST_AUTO_TEST_CASE(hostile_nesting_is_an_error) {
    for (const char* piece : {"[", "{a: ", "- ", "? ", "[{a: "}) {
        std::string text;
        for (int i = 0; i < 100'000; ++i)
            text += piece;
        BOOST_TEST(!parse_yaml(text, "f.yaml").has_value(), piece);
    }
    std::string deep(100, '[');
    BOOST_TEST(flat(deep + std::string(100, ']')) == deep + std::string(100, ']'));
    deep += '[';
    BOOST_TEST(refused(deep + std::string(101, ']')) ==
               "f.yaml:1:101: nested more than 100 levels deep");
}

BOOST_AUTO_TEST_CASE(aliases_cannot_nest_deeper_than_the_limit) {
    std::string text = "- &a0 [x]\n";
    for (int i = 1; i < 200; ++i) {
        text += "- &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
    }
    BOOST_TEST(has(refused(text), "nested more than 100 levels deep"));
}

BOOST_AUTO_TEST_CASE(aliases_cannot_explode) {
    std::string laughs = "- &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 10; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        laughs += "- &a" + std::to_string(i) + " [" + before;
        for (int copies = 1; copies < 10; ++copies)
            laughs += ", " + before;
        laughs += "]\n";
    }
    BOOST_TEST(has(refused(laughs), "too large"));

    std::string long_text = "- &a " + std::string(1U << 20, 'x') + "\n";
    for (int i = 0; i < 50; ++i)
        long_text += "- *a\n";
    BOOST_TEST(has(refused(long_text), "too large"));
}

BOOST_AUTO_TEST_CASE(an_alias_inside_its_own_anchor_is_an_error) {
    BOOST_TEST(has(refused("a: &x [1, *x]\n"), "f.yaml:1:11: an alias inside what it stands for"));
    BOOST_TEST(has(refused("&x {<<: *x}\n"), "an alias inside"));
}

BOOST_AUTO_TEST_CASE(refuses_more_than_its_size) {
    BOOST_TEST(has(refused(std::string((10U << 20) + 1, ' ')), "larger than 10 MiB"));
    std::string items;
    for (int i = 0; i < 1'000'001; ++i)
        items += "-\n";
    BOOST_TEST(has(refused(items), "too large: more than 1000000 values"));
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_is_an_error_that_names_it) {
    const auto missing = load_yaml("/nonexistent/pilotlight.yaml");
    BOOST_REQUIRE(!missing.has_value());
    BOOST_TEST(missing.error().to_string() ==
               "/nonexistent/pilotlight.yaml: cannot read: No such file or directory");
    const auto folder = load_yaml("/");
    BOOST_REQUIRE(!folder.has_value());
    BOOST_TEST(has(folder.error().to_string(), "/: cannot read: Is a directory"));
}

BOOST_AUTO_TEST_CASE(reads_a_file) {
    const auto path = std::filesystem::temp_directory_path() / "pilotlight_yaml_test.yaml";
    std::ofstream(path) << "a: 1\nb: [2\n";
    const auto node = load_yaml(path.string());
    std::filesystem::remove(path);
    BOOST_REQUIRE(!node.has_value());
    BOOST_TEST(node.error().where.file.str() == path.string());
    BOOST_TEST(node.error().where.line >= 2);
}

BOOST_AUTO_TEST_SUITE_END()
