#include "core/template/template.h"

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>

using pilotlight::Labels;
using pilotlight::Result;
using pilotlight::tmpl::ExecuteLimits;
using pilotlight::tmpl::Function;
using pilotlight::tmpl::Functions;
using pilotlight::tmpl::List;
using pilotlight::tmpl::Template;
using pilotlight::tmpl::Type;
using pilotlight::tmpl::Value;

namespace {

Result<Value> shout(const Value& self, std::span<const Value> args) {
    return Value(self.text() + std::string(args.size() + 1, '!'));
}

const Type kLoud = {.name = "loud", .methods = {{"Shout", shout}}};

const Functions& functions() {
    static const Functions table = {
        {"twice",
         {[](std::span<const Value> args) -> Result<Value> {
              return Value(args[0].text() + args[0].text());
          },
          1, 1}},
        {"list",
         {[](std::span<const Value> args) -> Result<Value> {
              return Value(List(args.begin(), args.end()));
          },
          0, SIZE_MAX}},
        {"broken",
         {[](std::span<const Value>) -> Result<Value> { return pilotlight::fail("it broke"); }, 0,
          0}}};
    return table;
}

Value data() {
    return Value::record({{"Name", Value("api")},
                          {"Zero", Value(0)},
                          {"Rate", Value(2.5)},
                          {"Labels", Value::from(Labels{{"job", "web"}, {"zone", "b"}})},
                          {"Items", Value(List{Value("x"), Value("y"), Value("z")})},
                          {"None", Value(List{})},
                          {"Loud", Value("hey").with_type(&kLoud)}});
}

/// What comes of `text`: its output, or `error: ...`.
std::string expand(std::string_view text, const ExecuteLimits& limits = {}) {
    const auto parsed = Template::parse("t", text, functions());
    if (!parsed) return "error: " + parsed.error().message;
    const auto done = parsed->execute(data(), functions(), limits);
    return done ? *done : "error: " + done.error().message;
}

void check(std::initializer_list<std::pair<const char*, const char*>> cases) {
    for (const auto& [text, expected] : cases) {
        BOOST_TEST_CONTEXT(text) {
            BOOST_TEST(expand(text) == expected);
        }
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(templates)

BOOST_AUTO_TEST_CASE(values_and_fields_are_written) {
    check({{"plain", "plain"},
           {"{{ .Name }} {{ .Rate }} {{ .Zero }}", "api 2.5 0"},
           {"{{ .Labels.job }}|{{ .Labels.gone }}|", "web||"},
           {"{{ .Items }} {{ .Labels }}", "[x y z] map[job:web zone:b]"},
           {"{{ .Loud.Shout }} {{ .Loud.Shout 1 2 }} {{ .Loud }}", "hey! hey!!! hey"},
           {"{{ $.Name }}{{ (.Labels).zone }}", "apib"},
           {"{{ '\\377' }} {{ '\\xff' }} {{ '\\u00e9' }} {{ '\u00e9' }}", "255 255 233 233"},
           {"{{ 1_000 }} {{ 0x_1 }} {{ 0o17 }} {{ 017 }} {{ 09.5 }} {{ 1e-999 }}",
            "1000 1 15 15 9.5 0"},
           {"{{ \"q\\\"\\u00e9\" }} {{ `raw\\n` }} {{ 'a' }} {{ true }}", "q\"é raw\\n 97 true"},
           {"{{ 0x1F }} {{ 017 }} {{ 1_000 }} {{ -5 }} {{ .5 }} {{ 1e6 }} {{ 0b11 }}",
            "31 15 1000 -5 0.5 1e+06 3"}});
}

BOOST_AUTO_TEST_CASE(pipelines_pass_the_last_argument) {
    check({{"{{ .Name | twice }}", "apiapi"},
           {"{{ .Name | printf \"%s-%s\" \"x\" }}", "x-api"},
           {"{{ .Items | len }}", "3"},
           {"{{ printf \"%d\" (len .Items) }}", "3"},
           {"{{ \"!\" | .Loud.Shout }}", "hey!!"}});
}

BOOST_AUTO_TEST_CASE(variables_live_in_their_block) {
    check({{"{{ $x := 1 }}{{ $x }}{{ $x = 2 }}{{ $x }}", "12"},
           {"{{ $x := 1 }}{{ if true }}{{ $x = 3 }}{{ end }}{{ $x }}", "3"},
           {"{{ $x := 1 }}{{ if true }}{{ $x := 3 }}{{ $x }}{{ end }}{{ $x }}", "31"},
           {"{{ if $y := .Name }}{{ $y }}{{ end }}", "api"}});
}

BOOST_AUTO_TEST_CASE(branches_follow_gos_truth) {
    check({{"{{ if .Zero }}a{{ else if .None }}b{{ else if .Labels }}c{{ else }}d{{ end }}", "c"},
           {"{{ if .Labels.gone }}a{{ else }}b{{ end }}", "b"},
           {"{{ with .Name }}[{{ . }}]{{ end }}{{ with .None }}x{{ else }}none{{ end }}",
            "[api]none"},
           {"{{ with .None }}x{{ else with .Name }}{{ . }}{{ end }}", "api"},
           {"{{ if and .Name (gt .Rate 2.0) }}yes{{ end }}", "yes"},
           {"{{ or .Zero .None \"last\" }} {{ and .Name .Zero broken }} {{ not .Zero }}",
            "last 0 true"}});
}

BOOST_AUTO_TEST_CASE(ranges_walk_lists_and_maps) {
    check({{"{{ range .Items }}{{ . }},{{ end }}", "x,y,z,"},
           {"{{ range $i, $e := .Items }}{{ $i }}{{ $e }}{{ end }}", "0x1y2z"},
           {"{{ range $k, $v := .Labels }}{{ $k }}={{ $v }};{{ end }}", "job=web;zone=b;"},
           {"{{ range .None }}x{{ else }}empty{{ end }}", "empty"},
           {"{{ range .Items }}{{ if eq . \"y\" }}{{ break }}{{ end }}{{ . }}{{ end }}", "x"},
           {"{{ range .Items }}{{ if eq . \"y\" }}{{ continue }}{{ end }}{{ . }}{{ end }}", "xz"},
           {"{{ $x := \"\" }}{{ range $x = .Items }}{{ end }}{{ $x }}", "z"},
           {"{{ range 3 }}{{ . }}{{ end }}", "012"}});
}

BOOST_AUTO_TEST_CASE(templates_are_defined_invoked_and_trimmed) {
    check({{"{{ define \"t1\" }}<{{ . }}>{{ end }}{{ template \"t1\" .Name }}", "<api>"},
           {"{{ block \"b\" .Rate }}{{ . }}{{ end }}", "2.5"},
           {"a {{- /* no */ -}} b {{- .Name -}} c", "abapic"},
           {"{{ define \"d\" }}{{ $ }}{{ end }}{{ template \"d\" }}", "<no value>"}});
}

BOOST_AUTO_TEST_CASE(one_set_can_be_built_of_several_texts) {
    const auto first = Template::parse("a", R"({{ define "x" }}first{{ end }})", functions());
    BOOST_REQUIRE(first);
    const auto second =
        first->with("b", R"({{ define "x" }}second{{ end }}{{ template "x" }})", functions());
    BOOST_REQUIRE(second);
    BOOST_TEST(second->has("x"));
    BOOST_TEST(*second->execute(Value(), functions()) == "second");
    BOOST_TEST(*second->execute("x", Value(), functions()) == "second");
    BOOST_TEST(*first->execute("x", Value(), functions()) == "first");
    BOOST_TEST(!first->execute("gone", Value(), functions()));
}

BOOST_AUTO_TEST_CASE(what_does_not_parse_is_told_in_gos_words) {
    check({{"{{ nope }}", "error: template: t:1: function \"nope\" not defined"},
           {"\n\n{{ $x }}", "error: template: t:3: undefined variable \"$x\""},
           {"{{ if .Name }}", "error: template: t:1: unexpected EOF"},
           {"{{", "error: template: t:1: unclosed action"},
           {"{{ }}", "error: template: t:1: missing value for command"},
           {"{{ .Name }", "error: template: t:1: unexpected \"}\" in operand"},
           {"{{ end }}", "error: template: t:1: unexpected {{end}}"},
           {"{{ else }}", "error: template: t:1: unexpected {{else}}"},
           {"{{ break }}", "error: template: t:1: {{break}} outside {{range}}"},
           {"{{ (1 }}", "error: template: t:1: unclosed left paren"},
           {"{{ \"x }}", "error: template: t:1: unterminated quoted string"},
           {"{{/* x }}", "error: template: t:1: unclosed comment"},
           {"{{ 1.2.3 }}", "error: template: t:1: unexpected \".3\" in operand"},
           {"{{ 3 | 4 }}", "error: template: t:1: non executable command in pipeline stage 2"},
           {"{{ template \"a\" }}{{ define \"a\" }}x{{ end }}{{ define \"a\" }}y{{ end }}",
            "error: template: t:1: template: multiple definition of template \"a\""},
           {"{{ \xc2\xa0 }}", "error: template: t:1: unrecognized character in action: U+00A0"}});
}

BOOST_AUTO_TEST_CASE(what_go_lets_pass_is_let_pass) {
    check({{"{{ 1 | }}", "1"},
           {"{{ if false }}{{ $x = 1 }}{{ end }}ok", "ok"},
           {"{{ $x = 1 }}{{ $x }}",
            "error: template: t:1:3: executing \"t\" at <$x = 1>: undefined variable: $x"},
           {"{{ 99999999999999999999 }}",
            "error: template: t:1: integer overflow: \"99999999999999999999\""},
           {"{{ .. }}", "error: template: t:1: unexpected <.> in operand"}});
}

BOOST_AUTO_TEST_CASE(an_error_knows_its_place) {
    const auto parsed = Template::parse("t", "one\ntwo {{ nope }}", functions());
    BOOST_REQUIRE(!parsed);
    BOOST_TEST(parsed.error().where.line == 2);
    BOOST_TEST(parsed.error().where.column == 8);
}

BOOST_AUTO_TEST_CASE(what_fails_while_running_says_where_and_why) {
    check(
        {{"{{ broken }}",
          "error: template: t:1:3: executing \"t\" at <broken>: error calling broken: it broke"},
         {"{{ .Gone }}",
          "error: template: t:1:3: executing \"t\" at <.Gone>: can't evaluate field Gone in type "
          "struct"},
         {"{{ twice }}",
          "error: template: t:1:3: executing \"t\" at <twice>: wrong number of args for twice: "
          "want 1 got 0"},
         {"{{ template \"gone\" }}",
          "error: template: t:1:0: executing \"t\" at <{{ template \"gone\" }}>: template "
          "\"gone\" not defined"},
         {"{{ range .Name }}{{ end }}",
          "error: template: t:1:9: executing \"t\" at <.Name>: range can't iterate over api"},
         {"{{ eq 1 1.0 }}",
          "error: template: t:1:3: executing \"t\" at <eq 1 1.0>: error calling eq: incompatible "
          "types for comparison"},
         {"{{ .Name 1 }}",
          "error: template: t:1:3: executing \"t\" at <.Name>: Name has arguments but cannot be "
          "invoked as function"},
         {"{{ nil }}", "error: template: t:1:3: executing \"t\" at <nil>: nil is not a command"}});
}

BOOST_AUTO_TEST_CASE(hostile_texts_get_an_error) {
    std::string deep;
    for (int i = 0; i < 5000; ++i)
        deep += "{{if true}}";
    BOOST_TEST(expand(deep).starts_with("error: template: t:1: nested more than 100"));
    const std::string parens = "{{" + std::string(5000, '(') + "1" + std::string(5000, ')') + "}}";
    BOOST_TEST(expand(parens).starts_with("error: template: t:1: nested more than 100"));
    std::string chain;
    for (int i = 0; i < 5000; ++i)
        chain += "{{if false}}{{else if true}}";
    BOOST_TEST(expand(chain).starts_with("error: template: t:1: nested more than 100"));
    BOOST_TEST(expand(R"({{ define "r" }}{{ template "r" }}{{ end }}{{ template "r" }})")
                   .find("exceeded maximum template depth (100)") != std::string::npos);
    BOOST_TEST(expand("{{ range 1000000000 }}{{ range 1000000000 }}{{ end }}{{ end }}")
                   .find("more than 1000000 steps") != std::string::npos);
    BOOST_TEST(expand("{{ range 100 }}0123456789{{ end }}", {.output_bytes = 100})
                   .find("more than 100 bytes of text") != std::string::npos);
    BOOST_TEST(expand("{{ printf \"%999999999d\" 1 }}").size() < 20'000U);
    BOOST_TEST(expand(std::string(2 << 20, 'x')) ==
               "error: template: t: longer than 1048576 bytes");
}

BOOST_AUTO_TEST_CASE(values_do_not_grow_without_end) {
    const auto grown = [](std::string_view step, std::string_view use, int times = 60) {
        return expand(
            fmt::format("{{{{ $x := \"0123456789\" }}}}{{{{ range {} }}}}{{{{ $x = {} }}}}"
                        "{{{{ end }}}}{{{{ {} }}}}",
                        times, step, use));
    };
    for (const char* const doubling :
         {"print $x $x", R"(printf "%s%[1]s" $x)", "js $x $x", "list $x $x"}) {
        for (const char* const use : {"len $x", "print $x", "$x", R"(printf "%v" $x)"}) {
            BOOST_TEST(grown(doubling, use).find("bytes of text") != std::string::npos, doubling);
        }
    }
    BOOST_TEST(grown("list $x", "print $x", 100'000).find("nested too deeply") !=
               std::string::npos);
    BOOST_TEST(grown("print $x $x", "range 100000 }}{{ print $x | len }}{{ end", 16)
                   .find("more than 67108864 bytes of text") != std::string::npos);
    std::string often;
    for (int i = 0; i < 100'000; ++i)
        often += "%[1]s";
    BOOST_TEST(grown("print $x $x", "printf \"" + often + "\" $x | len", 16)
                   .find("more than 16777216 bytes of text") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
