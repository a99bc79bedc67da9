#include "rules/promql/parser.h"

#include <boost/test/unit_test.hpp>
#include <string>

#include "rules/promql/printer.h"

using namespace pilotlight::promql;

namespace {

std::string round_trip(std::string_view text,
                       Compatibility compatibility = Compatibility::prometheus3) {
    const auto parsed = parse(text, {.compatibility = compatibility});
    if (!parsed) return "error: " + describe(parsed.error(), text);
    const std::string printed = to_string(**parsed);
    const auto again = parse(printed, {.compatibility = compatibility});
    if (!again) return "does not read back: " + printed;
    if (to_string(**again) != printed) return "changes when read back: " + printed;
    return printed;
}

std::string error(std::string_view text, Compatibility compatibility = Compatibility::prometheus3) {
    const auto parsed = parse(text, {.compatibility = compatibility});
    return parsed ? "no error" : describe(parsed.error(), text);
}

std::string error_2(std::string_view text) {
    return error(text, Compatibility::prometheus2);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(parser)

BOOST_AUTO_TEST_CASE(prints_what_it_has_read) {
    for (const std::string_view text : {
             "up",
             "up{job=\"a\",x!=\"b\",y=~\"c.*\",z!~\"d\"}",
             "{__name__=~\"a|b\"}",
             "rate(x[5m])",
             "x offset 5m",
             "x offset -5m",
             "x @ 1.500 offset 1h",
             "x[5m] @ start()",
             "x[5m] @ end() offset 1m",
             "sum by (a, b) (x)",
             "sum without (a) (x)",
             "topk by (a) (3, x)",
             "count_values(\"v\", x)",
             "a + on (x) group_left (y) b",
             "a / ignoring (x) b",
             "a == bool b",
             "a and on () b",
             "a unless b",
             "max_over_time(rate(x[5m])[1h:30s] offset 1m)",
             "x[1h:]",
             "-x",
             "-(x)",
             "(a + b) * c",
             "2 ^ -3",
             "time() - 5",
             "\"text\\n\\\"\"",
             "{\"a.b\",\"c.d\"=\"e\"}",
             "a + fill_left (0) fill_right (1) b",
             "increase(x[1m] anchored)",
             "x[5m] smoothed",
         }) {
        BOOST_TEST(round_trip(text) == text);
    }
}

BOOST_AUTO_TEST_CASE(words_are_keywords_in_any_case_and_metric_names_where_an_operand_is_due) {
    BOOST_TEST(round_trip("SUM(x) BY (a)") == "sum by (a) (x)");
    BOOST_TEST(round_trip("a AND b Or c") == "a and b or c");
    BOOST_TEST(round_trip("sum") == "sum");
    BOOST_TEST(round_trip("count{by=\"x\"} + offset") == "count{by=\"x\"} + offset");
    BOOST_TEST(round_trip("sum(by) by (on, bool)") == "sum by (on, bool) (by)");
    BOOST_TEST(round_trip("start + end") == "start + end");
    BOOST_TEST(round_trip("a:b:c") == "a:b:c");
    BOOST_TEST(round_trip("INF + nAn") == "+Inf + NaN");
}

BOOST_AUTO_TEST_CASE(comments_blanks_and_trailing_commas_in_lists_are_nothing) {
    BOOST_TEST(round_trip(" up # is it?\n > # more\n 0 ") == "up > 0");
    BOOST_TEST(round_trip("sum by (a,) (x{b=\"c\",})") == "sum by (a) (x{b=\"c\"})");
}

BOOST_AUTO_TEST_CASE(reads_every_form_of_number) {
    BOOST_TEST(round_trip("0x1F") == "31");
    BOOST_TEST(round_trip("0755") == "493");
    BOOST_TEST(round_trip("089") == "89");
    BOOST_TEST(round_trip("1_000_000") == "1000000");
    BOOST_TEST(round_trip(".5e-3") == "0.0005");
    BOOST_TEST(round_trip("1e21") == "1000000000000000000000");
    BOOST_TEST(round_trip("0.00001") == "0.00001");
    BOOST_TEST(round_trip("1h30m") == "1h30m");
    BOOST_TEST(round_trip("5 > bool 1m") == "5 > bool 1m");
    BOOST_TEST(error("1_") == "1:1: parse error: bad number or duration syntax: \"1_\"");
    BOOST_TEST(error("5x") == "1:1: parse error: bad number or duration syntax: \"5x\"");
    BOOST_TEST(error("1m30") == "1:1: parse error: bad number or duration syntax: \"1m30\"");
    BOOST_TEST(error_2("1h") == "1:1: parse error: unexpected duration \"1h\"");
}

BOOST_AUTO_TEST_CASE(operators_bind_as_in_prometheus) {
    const auto shape = [](std::string_view text) {
        const auto parsed = parse(text);
        BOOST_REQUIRE(parsed.has_value());
        // Parentheses around each operator's operands make the shape visible.
        const auto print = [](auto&& self, const Expr& expr) -> std::string {
            if (const auto* binary = std::get_if<Binary>(&expr.node)) {
                return "(" + self(self, *binary->left) + std::string(to_string(binary->op)) +
                       self(self, *binary->right) + ")";
            }
            if (const auto* unary = std::get_if<Unary>(&expr.node)) {
                return "(-" + self(self, *unary->expr) + ")";
            }
            return to_string(expr);
        };
        return print(print, **parsed);
    };
    BOOST_TEST(shape("a + b * c ^ d ^ e") == "(a+(b*(c^(d^e))))");
    BOOST_TEST(shape("a - b - c") == "((a-b)-c)");
    BOOST_TEST(shape("a or b and c unless d") == "(aor((bandc)unlessd))");
    BOOST_TEST(shape("a == b + c") == "(a==(b+c))");
    BOOST_TEST(shape("a * b atan2 c % d") == "(((a*b)atan2c)%d)");
    BOOST_TEST(shape("-a ^ b") == "(-(a^b))");
    BOOST_TEST(shape("-a * b") == "((-a)*b)");
    BOOST_TEST(shape("a ^ -b * c") == "((a^(-b))*c)");
    BOOST_TEST(shape("--a") == "(-(-a))");
    BOOST_TEST(shape("-1 ^ 2") == "(-(1^2))");
}

BOOST_AUTO_TEST_CASE(offset_and_at_bind_to_what_stands_before_them) {
    BOOST_TEST(round_trip("a + b offset 5m") == "a + b offset 5m");
    BOOST_TEST(round_trip("metric offset 2 ^ 2") == "metric offset 2s ^ 2");
    BOOST_TEST(round_trip("x[60 * 30]") == "x[30m]");
    BOOST_TEST(round_trip("x offset (-2 * 2)") == "x offset -4s");
    BOOST_TEST(round_trip("x[step() + 5m]") == "x[(step() + 300)]");
    BOOST_TEST(round_trip("x offset -min_of(5s, step() + 8s)") ==
               "x offset -(min_of(5, (step() + 8)))");
    BOOST_TEST(error("x[step() / 0d]") == "1:10: parse error: division by zero");
    BOOST_TEST(error("x[5m % 0]") == "1:6: parse error: modulo by zero");
    BOOST_TEST(error("x[-5m]") == "1:3: parse error: duration must be greater than 0");
    BOOST_TEST(error("x[-2 ^ 2]") == "no error");
    BOOST_TEST(error("x[9.5e10]") == "1:3: parse error: duration out of range");
}

BOOST_AUTO_TEST_CASE(syntax_errors_say_where_and_what) {
    BOOST_TEST(error("") == "1:1: parse error: no expression found in input");
    BOOST_TEST(error("# only a comment") == "1:1: parse error: no expression found in input");
    BOOST_TEST(error("up ==") == "1:6: parse error: unexpected end of input");
    BOOST_TEST(error("up\n  > ") == "2:5: parse error: unexpected end of input");
    BOOST_TEST(error("(up") == "1:4: parse error: unclosed left parenthesis");
    BOOST_TEST(error("up)") == "1:3: parse error: unexpected right parenthesis ')'");
    BOOST_TEST(error("up{") == "1:4: parse error: unexpected end of input inside braces");
    BOOST_TEST(error("up{a=}") ==
               "1:6: parse error: unexpected \"}\" in label matching, expected string");
    BOOST_TEST(error("up{a}") ==
               "1:5: parse error: unexpected \"}\" in label matching, expected "
               "label matching operator");
    BOOST_TEST(error("up{=\"a\"}") ==
               "1:4: parse error: unexpected \"=\" in label matching, expected identifier or "
               "\"}\"");
    BOOST_TEST(error("up{a=\"b\" c=\"d\"}") ==
               "1:10: parse error: unexpected identifier \"c\" in label matching, expected \",\" "
               "or \"}\"");
    BOOST_TEST(error("up up") == "1:4: parse error: unexpected identifier \"up\"");
    BOOST_TEST(error("a = b") == "1:3: parse error: unexpected \"=\"");
    BOOST_TEST(error("a ! b") == "1:4: parse error: unexpected character after '!': ' '");
    BOOST_TEST(error("a =~ b") == "1:4: parse error: unexpected character after '=': '~'");
    BOOST_TEST(error("a & b") == "1:3: parse error: unexpected character: '&'");
    BOOST_TEST(error("a $ b") == "1:3: parse error: unexpected character: '$'");
    BOOST_TEST(error("\"open") == "1:1: parse error: unterminated quoted string");
    BOOST_TEST(error("sum(") == "1:5: parse error: unclosed left parenthesis");
    BOOST_TEST(error("sum by (a b) (x)") ==
               "1:11: parse error: unexpected identifier \"b\" in grouping opts, expected \",\" "
               "or \")\"");
    BOOST_TEST(error("sum by (1) (x)") ==
               "1:9: parse error: unexpected number \"1\" in grouping opts, expected label");
    BOOST_TEST(error("x[5m") == "1:5: parse error: unclosed left bracket");
    BOOST_TEST(error("x[]") ==
               "1:3: parse error: unexpected \"]\" in subquery selector, expected number or "
               "duration");
    BOOST_TEST(error_2("x[5]") ==
               "1:3: parse error: unexpected number \"5\" in subquery selector, expected "
               "duration");
    BOOST_TEST(error("x[0s]") == "1:3: parse error: duration must be greater than 0");
    BOOST_TEST(error("x offset y") ==
               "1:10: parse error: unexpected identifier \"y\" in offset, expected number or "
               "duration");
    BOOST_TEST(error("x @ y") ==
               "1:5: parse error: unexpected identifier \"y\" in @, expected "
               "timestamp");
    BOOST_TEST(error("x[5m:5m:5m]") == "1:8: parse error: unexpected colon ':'");
    BOOST_TEST(error("f(a,)") == "1:1: parse error: unknown function with name \"f\"");
    BOOST_TEST(error("abs(a,)") ==
               "1:6: parse error: trailing commas not allowed in function call args");
    BOOST_TEST(error("x{a=~\"(\"}").starts_with("1:3: parse error: "));
}

BOOST_AUTO_TEST_CASE(type_errors_are_prometheuss) {
    BOOST_TEST(error("rate(x)") ==
               "1:6: parse error: expected type range vector in call to "
               "function \"rate\", got instant vector");
    BOOST_TEST(error("abs(x[5m])") ==
               "1:5: parse error: expected type instant vector in call to "
               "function \"abs\", got range vector");
    BOOST_TEST(error("abs(\"x\")") ==
               "1:5: parse error: expected type instant vector in call to "
               "function \"abs\", got string");
    BOOST_TEST(error("abs()") ==
               "1:1: parse error: expected 1 argument(s) in call to \"abs\", got 0");
    BOOST_TEST(error("round(x, 1, 2)") ==
               "1:1: parse error: expected at most 2 argument(s) in call to \"round\", got 3");
    BOOST_TEST(error("label_join(x)") ==
               "1:1: parse error: expected at least 3 argument(s) in call to \"label_join\", got "
               "1");
    BOOST_TEST(error("sum(x[5m])") ==
               "1:5: parse error: expected type instant vector in "
               "aggregation expression, got range vector");
    BOOST_TEST(error("sum()") ==
               "1:1: parse error: no arguments for aggregate expression provided");
    BOOST_TEST(error("topk(x)") ==
               "1:1: parse error: wrong number of arguments for aggregate "
               "expression provided, expected 2, got 1");
    BOOST_TEST(error("topk(x, y)") ==
               "1:6: parse error: expected type scalar in aggregation "
               "parameter, got instant vector");
    BOOST_TEST(error("count_values(1, x)") ==
               "1:14: parse error: expected type string in "
               "aggregation parameter, got scalar");
    BOOST_TEST(error("x + \"a\"") ==
               "1:5: parse error: binary expression must contain only "
               "scalar and instant vector types");
    BOOST_TEST(error("-\"a\"") ==
               "1:2: parse error: unary expression only allowed on expressions "
               "of type scalar or instant vector, got \"string\"");
    BOOST_TEST(error("1 > 2") ==
               "1:3: parse error: comparisons between scalars must use BOOL modifier");
    BOOST_TEST(error("a + bool b") ==
               "1:3: parse error: bool modifier can only be used on comparison operators");
    BOOST_TEST(error("a and 1") ==
               "1:1: parse error: set operator \"and\" not allowed in binary "
               "scalar expression");
    BOOST_TEST(error("a and on(x) group_left b") ==
               "1:1: parse error: no grouping allowed for \"and\" operation");
    BOOST_TEST(error("a + on(x) 1") ==
               "1:1: parse error: vector matching only allowed between instant vectors");
    BOOST_TEST(error("a + on(x) group_left(x) b") ==
               "1:3: parse error: label \"x\" must not occur in ON and GROUP clause at once");
    BOOST_TEST(error("(a)[5m]") == "1:4: parse error: ranges only allowed for vector selectors");
    BOOST_TEST(error("a offset 1m [5m]") ==
               "1:13: parse error: no offset modifiers allowed before range");
    BOOST_TEST(error("a @ 1 [5m]") == "1:7: parse error: no @ modifiers allowed before range");
    BOOST_TEST(error("a[5m][1h:]") ==
               "1:1: parse error: subquery is only allowed on instant "
               "vector, got matrix instead");
    BOOST_TEST(error("sum(a) offset 5m") ==
               "1:1: parse error: offset modifier must be preceded by an instant vector selector "
               "or range vector selector or a subquery");
    BOOST_TEST(error("a offset 1m offset 1m") ==
               "1:1: parse error: offset may not be set multiple times");
    BOOST_TEST(error("a @ 1 @ 2") ==
               "1:1: parse error: @ <timestamp> may not be set multiple times");
    BOOST_TEST(error("a @ Inf").starts_with("1:5: parse error: timestamp out of bounds"));
    BOOST_TEST(error("{}") ==
               "1:1: parse error: vector selector must contain at least one non-empty matcher");
    BOOST_TEST(error("{a=~\".*\"}") ==
               "1:1: parse error: vector selector must contain at least one non-empty matcher");
    BOOST_TEST(error("a{__name__=\"b\"}") ==
               "1:1: parse error: metric name must not be set twice: \"a\" or \"b\"");
    BOOST_TEST(
        error("deriv(a[3m] smoothed)")
            .ends_with(
                "smoothed modifier can only be used with: delta, increase, rate - not with deriv"));
}

BOOST_AUTO_TEST_CASE(each_prometheus_has_its_own_words) {
    BOOST_TEST(error("holt_winters(x[5m], 0.5, 0.5)").ends_with("\"holt_winters\""));
    BOOST_TEST(error_2("holt_winters(x[5m], 0.5, 0.5)") == "no error");
    BOOST_TEST(error("double_exponential_smoothing(x[5m], 0.5, 0.5)") == "no error");
    BOOST_TEST(error_2("{\"a.b\"}").find("unexpected string") != std::string::npos);
    BOOST_TEST(error_2("limitk(1, x)").find("unknown function") != std::string::npos);
    BOOST_TEST(error_2("x offset 5").find("expected duration") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(labels_are_grouped_by_any_word_but_one) {
    BOOST_TEST(round_trip("sum by (on, by, start, sum, atan2, fill) (x)") ==
               "sum by (on, by, start, sum, atan2, fill) (x)");
    BOOST_TEST(error("sum by (without) (x)").find("unexpected <without>") != std::string::npos);
    BOOST_TEST(error("sum by (inf) (x)").find("unexpected number") != std::string::npos);
    BOOST_TEST(error("sum by (a:b) (x)") == "no error");
    BOOST_TEST(error_2("sum by (a:b) (x)").find("expected label") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_quoted_name_may_stand_beside_other_conditions_for_it) {
    BOOST_TEST(error("{\"x\", __name__=~\"x|y\"}") == "no error");
    BOOST_TEST(error("{\"x\", __name__=\"y\"}") == "no error");
    BOOST_TEST(error("x{__name__=\"y\"}").find("must not be set twice") != std::string::npos);
    BOOST_TEST(error("info(x, {\"target_info\"})") == "no error");
    BOOST_TEST(error("info(x, target_info)").find("label selectors only") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(times_and_lengths_have_prometheuss_limits) {
    BOOST_TEST(error("x @ 1e18") == "no error");
    BOOST_TEST(error("x @ -1e15") == "no error");
    for (const std::string_view text :
         {"x @ 1e19", "x @ Inf", "x @ NaN", "x[293y]", "x offset 300y", "x[1h:300y]", "x[9.3e9]"}) {
        BOOST_TEST_CONTEXT(text) {
            BOOST_TEST(error(text).find("out of ") != std::string::npos);
        }
    }
    BOOST_TEST(error("x[292y]") == "no error");
    // Too small to be told from zero is zero.
    BOOST_TEST(error("1e-999") == "no error");
    BOOST_TEST(error("1e999") != "no error");
}

BOOST_AUTO_TEST_CASE(a_comment_cannot_stand_where_a_range_begins) {
    BOOST_TEST(error("x[# the last minutes\n5m]").find("'#'") != std::string::npos);
    BOOST_TEST(error("x # what\n[5m]") == "no error");
}

BOOST_AUTO_TEST_CASE(hostile_nesting_is_an_error) {
    const auto repeat = [](std::string_view part, std::size_t times) {
        std::string text;
        for (std::size_t i = 0; i < times; ++i)
            text += part;
        return text;
    };
    const std::size_t many = 100'000;
    for (const std::string& text :
         {repeat("(", many), repeat("-", many) + "x", repeat("abs(", many) + "x",
          repeat("x+", many) + "x", repeat("x^", many) + "x", repeat("sum by (a) (", many),
          "x[" + repeat("1+", many) + "1]", "x[" + repeat("(", many), "x" + repeat("[1m:]", many),
          repeat("{", many), repeat("[", many)}) {
        BOOST_TEST(error(text) != "no error");
    }
    BOOST_TEST(error(repeat("x", 2'000'000)).find("longer than") != std::string::npos);
    BOOST_TEST(error(repeat("x or ", 300) + "x") == "no error");
}

BOOST_AUTO_TEST_CASE(strings_know_gos_escapes) {
    const auto value = [](std::string_view text) {
        const auto parsed = parse(text);
        return parsed ? std::get<StringLiteral>((*parsed)->node).value
                      : describe(parsed.error(), text);
    };
    BOOST_TEST(value(R"("a\tb\n\"\\\x41\101\u00e9\U0001F600")") == "a\tb\n\"\\AA\u00e9\U0001F600");
    BOOST_TEST(value(R"('it\'s "x"')") == "it's \"x\"");
    BOOST_TEST(value("`raw \\n \"x\"`") == "raw \\n \"x\"");
    // Bytes that are no character are only written as escapes.
    BOOST_TEST(value("\"\xff\"") == "1:1: parse error: invalid UTF-8 rune");
    BOOST_TEST(value("`\xc3`") == "1:1: parse error: invalid UTF-8 rune");
    BOOST_TEST(value("\"\uFFFD\"") == "1:1: parse error: invalid UTF-8 rune");
    for (const std::string_view bad :
         {R"("\q")", R"("\x4")", R"("\ud800")", R"("\'")", R"("\400")", "\"\n\"", "\"\\", "`"}) {
        BOOST_TEST(value(bad).starts_with("1:"));
    }
}

BOOST_AUTO_TEST_CASE(a_bad_pattern_is_told_as_it_was_written_where_its_condition_begins) {
    const std::string text = R"(up{a="b", job=~"("})";
    const auto refused = pilotlight::promql::parse(text);
    BOOST_TEST_REQUIRE(!refused.has_value());
    BOOST_TEST(describe(refused.error(), text) ==
               "1:11: parse error: error parsing regexp: missing closing ): `(`");
}

BOOST_AUTO_TEST_CASE(an_expression_of_too_many_words_is_refused) {
    std::string text = "sum by (";
    for (int i = 0; i < 600'000; ++i)
        text += "a,";
    text += ") (b)";
    const auto refused = pilotlight::promql::parse(text, {.text_limit = text.size()});
    BOOST_TEST_REQUIRE(!refused.has_value());
    BOOST_TEST(refused.error().message == "expression has more than 1000000 words and signs");
}

BOOST_AUTO_TEST_SUITE_END()
