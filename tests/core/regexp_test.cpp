#include "core/regexp.h"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

using pilotlight::Regexp;

namespace {

Regexp compiled(std::string_view pattern, Regexp::Anchor anchor = Regexp::Anchor::none) {
    auto made = Regexp::compile(pattern, anchor);
    BOOST_TEST_REQUIRE(made.has_value(), pattern);
    return std::move(*made);
}

std::string replaced(std::string_view pattern, std::string_view text, std::string_view with) {
    return compiled(pattern).replace_all(text, with);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(regexp)

BOOST_AUTO_TEST_CASE(matches_anywhere_unless_anchored) {
    BOOST_TEST(compiled("b+").matches("abbc"));
    BOOST_TEST(!compiled("b+", Regexp::Anchor::both).matches("abbc"));
    BOOST_TEST(compiled("ab|cd", Regexp::Anchor::both).matches("cd"));
    BOOST_TEST(!compiled("ab|cd", Regexp::Anchor::both).matches("abd"));
}

BOOST_AUTO_TEST_CASE(an_anchored_dot_matches_line_ends) {
    BOOST_TEST(compiled("a.b", Regexp::Anchor::both).matches("a\nb"));
    BOOST_TEST(!compiled("a.b").matches("a\nb"));
}

BOOST_AUTO_TEST_CASE(a_bad_pattern_is_refused_with_its_reason) {
    for (const char* pattern : {"(", "[a", "a**", "\\p{Nope}", "(?<n", "a{1001}", "\\"}) {
        const auto made = Regexp::compile(pattern);
        BOOST_TEST_REQUIRE(!made.has_value(), pattern);
        BOOST_TEST(made.error().message.starts_with("error parsing regexp: "), pattern);
    }
    BOOST_TEST(!Regexp::compile("(?=x)").has_value());
    BOOST_TEST(!Regexp::compile("((a{100}){100}){100}").has_value());
}

BOOST_AUTO_TEST_CASE(says_what_go_says_of_what_was_written) {
    const std::pair<const char*, const char*> cases[] = {
        {"(", "missing closing ): `(`"},
        {"[a", "missing closing ]: `[a`"},
        {"*", "missing argument to repetition operator: `*`"},
        {"a**", "invalid nested repetition operator: `**`"},
        {"\\8", "invalid escape sequence: `\\8`"},
        {"a\\", "trailing backslash at end of expression: ``"},
        {"[b-a]", "invalid character class range: `b-a`"},
        {"a{1001}", "invalid repeat count: `{1001}`"},
        {"(?z)", "invalid or unsupported Perl syntax: `(?z`"},
        {")(", "unexpected ): `)(`"},
        {"[[:foo:]]", "invalid character class range: `[:foo:]`"},
    };
    for (const auto& [pattern, wanted] : cases) {
        const auto made = Regexp::compile(pattern, Regexp::Anchor::both);
        BOOST_TEST_REQUIRE(!made.has_value(), pattern);
        BOOST_TEST(made.error().message == std::string("error parsing regexp: ") + wanted);
    }
}

BOOST_AUTO_TEST_CASE(reads_gos_dialect) {
    const auto named = compiled("(?<host>[^:]+):(?P<port>\\d+)");
    BOOST_TEST(named.expand("db:5432", "${port} at ${host}").value_or("") == "5432 at db");
    BOOST_TEST(compiled("[(?<a]+", Regexp::Anchor::both).matches("(<a?"));
    BOOST_TEST(!compiled("[(?<a]", Regexp::Anchor::both).matches("P"));
    // A byte of a character is none.
    BOOST_TEST(!Regexp::compile("a\\C").has_value());
    BOOST_TEST(compiled("\\\\C", Regexp::Anchor::both).matches("\\C"));
    BOOST_TEST(compiled("\\Q\\C\\E.", Regexp::Anchor::both).matches("\\Cx"));
}

BOOST_AUTO_TEST_CASE(no_pattern_can_hang_the_daemon) {
    const auto before = std::chrono::steady_clock::now();
    BOOST_TEST(!compiled("(a*)*(a|aa)+$").matches(std::string(20'000, 'a') + "b"));
    BOOST_TEST((std::chrono::steady_clock::now() - before < std::chrono::seconds(5)));
}

BOOST_AUTO_TEST_CASE(groups_are_the_first_matchs) {
    const auto groups = compiled("(a+)(x)?-(b+)").groups("zaa-bb a-b");
    BOOST_TEST((groups.value() == std::vector<std::string>{"aa-bb", "aa", "", "bb"}));
    BOOST_TEST(!compiled("a").groups("b").has_value());
}

BOOST_AUTO_TEST_CASE(replaces_every_match_as_go_does) {
    BOOST_TEST(replaced("a(x*)b", "-ab-axxb-", "T") == "-T-T-");
    BOOST_TEST(replaced("a(x*)b", "-ab-axxb-", "$1") == "--xx-");
    BOOST_TEST(replaced("a(x*)b", "-ab-axxb-", "$1W") == "---");
    BOOST_TEST(replaced("a(x*)b", "-ab-axxb-", "${1}W") == "-W-xxW-");
    BOOST_TEST(replaced("a(?P<n>x*)b", "-axb-", "<${n}>") == "-<x>-");
    BOOST_TEST(replaced("x", "axb", "$$1") == "a$1b");
    BOOST_TEST(replaced("x", "axb", "$") == "a$b");
    BOOST_TEST(replaced("x", "axb", "${1") == "a${1b");
    BOOST_TEST(replaced("nothing", "axb", "y") == "axb");
}

BOOST_AUTO_TEST_CASE(empty_matches_are_replaced_as_go_does) {
    BOOST_TEST(replaced("", "abc", "-") == "-a-b-c-");
    BOOST_TEST(replaced("a*", "baac", "x") == "xbxcx");
    BOOST_TEST(replaced("", "", "x") == "x");
    BOOST_TEST(replaced("", "ü€", "-") == "-ü-€-");
}

BOOST_AUTO_TEST_CASE(expands_a_template_with_the_groups) {
    BOOST_TEST(compiled("(.*):(.*)").expand("host:80", "$2/$1").value() == "80/host");
    BOOST_TEST(!compiled("x").expand("host", "$0").has_value());
    BOOST_TEST(compiled("h").expand("host", "[$0]").value() == "[h]");
    // A number has no zeros in front; it is a name then, of no group.
    BOOST_TEST(compiled("(a)").expand("a", "<$1$01$001>").value_or("") == "<a>");
}

BOOST_AUTO_TEST_CASE(copies_outlive_the_original) {
    std::optional<Regexp> original = compiled("a");
    const Regexp copy = *original;
    original.reset();
    BOOST_TEST(copy.matches("a"));
    BOOST_CHECK(copy == compiled("a"));
    BOOST_TEST(copy.pattern() == "a");
}

BOOST_AUTO_TEST_CASE(one_pattern_compiled_in_two_ways_is_two_programs) {
    const Regexp anywhere = compiled("b");
    const auto anchored = Regexp::compile("b", Regexp::Anchor::both);
    BOOST_REQUIRE(anchored.has_value());
    BOOST_TEST(anywhere.matches("abc"));
    BOOST_TEST(!anchored->matches("abc"));
    BOOST_TEST(compiled("b").matches("abc"));
}

BOOST_AUTO_TEST_CASE(many_threads_compile_and_match_the_same_patterns) {
    std::atomic<int> wrong = 0;
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&wrong] {
            for (int i = 0; i < 500; ++i) {
                const auto number = std::to_string(i % 100);
                const auto regexp = Regexp::compile("^x" + number + "$");
                if (!regexp || !regexp->matches("x" + number) || regexp->matches("y")) ++wrong;
            }
        });
    }
    threads.clear();
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_SUITE_END()
