#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "core/template/functions.h"
#include "core/template/lex.h"
#include "core/template/tree.h"
#include "core/template/unquote.h"

namespace pilotlight::tmpl {

namespace {

constexpr std::size_t kTextMax = 1 << 20;
/// Blocks and parentheses inside of one another.
constexpr int kNestingMax = 100;

std::string shown(const Token& token) {
    switch (token.kind) {
        case TokenKind::end_of_text:
            return "EOF";
        case TokenKind::error:
            return token.value;
        case TokenKind::dot:
        case TokenKind::nil:
        case TokenKind::keyword:
            return fmt::format("<{}>", token.value);
        default:
            break;
    }
    if (token.value.size() > 10) return quote(token.value.substr(0, 10)) + "...";
    return quote(token.value);
}

/// Why a list of steps ended.
enum class ListEnd { end, otherwise, text_end };

/// Recursive descent, following Go's text/template/parse, whose words the errors use. The first
/// error is kept and every further token is the end, so that all loops come to theirs.
class Parser {
  public:
    Parser(std::string_view name, std::string_view text, const Functions& functions, Tree& tree)
        : name_(name),
          text_(std::make_shared<const std::string>(text)),
          functions_(functions),
          tree_(tree),
          tokens_(lex(*text_)) {}

    std::optional<Error> run() {
        Body body = body_named(name_);
        while (peek().kind != TokenKind::end_of_text) {
            if (begins("define")) {
                define();
                continue;
            }
            Step step;
            const Token first = peek();
            switch (text_or_action(step)) {
                case Read::step:
                    body.steps.push_back(std::move(step));
                    break;
                case Read::nothing:
                    break;
                case Read::end:
                    fail(first, "unexpected {{end}}");
                    break;
                case Read::otherwise:
                    fail(first, "unexpected {{else}}");
                    break;
            }
            if (error_) return error_;
        }
        if (error_) return error_;
        add(std::move(body));
        tree_.main = name_;
        return error_;
    }

  private:
    enum class Read { step, nothing, end, otherwise };

    Body body_named(std::string name) const { return {std::move(name), name_, text_, {}}; }

    /// Go's rule: an empty text does not replace a definition, and one text defines a name once.
    void add(Body body) {
        const bool empty = std::all_of(body.steps.begin(), body.steps.end(), [](const Step& step) {
            return step.kind == Step::Kind::text &&
                   step.text.find_first_not_of(" \t\r\n") == std::string::npos;
        });
        const auto there = tree_.bodies.find(body.name);
        const bool mine = std::find(added_.begin(), added_.end(), body.name) != added_.end();
        if (mine && !empty) {
            return fail(peek(), fmt::format("template: multiple definition of template {}",
                                            quote(body.name)));
        }
        if (there != tree_.bodies.end() && empty) return;
        if (!empty) added_.push_back(body.name);
        std::string name = body.name;
        tree_.bodies[std::move(name)] = std::make_shared<const Body>(std::move(body));
    }

    // Tokens.

    const Token& peek() const { return error_ ? end_ : tokens_[at_]; }
    Token next() {
        if (error_) return end_;
        const Token& token = tokens_[at_];
        if (token.kind == TokenKind::error) {
            fail(token, token.value);
            return end_;
        }
        if (at_ + 1 < tokens_.size()) ++at_;
        return token;
    }
    const Token& peek_non_space() {
        while (peek().kind == TokenKind::space)
            next();
        return peek();
    }
    Token next_non_space() {
        peek_non_space();
        return next();
    }
    /// Where the token before this one ended.
    std::size_t end_of_last() const {
        for (std::size_t i = at_; i-- > 0;) {
            if (tokens_[i].kind != TokenKind::space) return tokens_[i].at + tokens_[i].value.size();
        }
        return 0;
    }

    void fail(const Token& at, std::string why) {
        if (error_) return;
        const auto [line, column] = line_and_column(*text_, at.at);
        error_ = Error(fmt::format("template: {}:{}: {}", name_, line, why),
                       Location{"", line, column + 1});
    }
    void unexpected(const Token& token, std::string_view context) {
        if (token.kind == TokenKind::error) return fail(token, token.value);
        fail(token, fmt::format("unexpected {} in {}", shown(token), context));
    }
    Token expect(TokenKind kind, std::string_view context) {
        const Token token = next_non_space();
        if (token.kind != kind && !error_) unexpected(token, context);
        return token;
    }
    bool is_keyword(const Token& token, std::string_view word) const {
        return token.kind == TokenKind::keyword && token.value == word;
    }
    /// Whether an action that starts with `word` begins here; then it is read past the word.
    bool begins(std::string_view word) {
        if (peek().kind != TokenKind::left_delim) return false;
        const std::size_t before = at_;
        next();
        if (is_keyword(peek_non_space(), word)) {
            next();
            return true;
        }
        at_ = before;
        return false;
    }

    bool deeper(const Token& at) {
        if (++depth_ <= kNestingMax) return true;
        fail(at, fmt::format("nested more than {} levels deep", kNestingMax));
        return false;
    }

    // Blocks.

    void define() {
        const std::string name = template_name("define clause");
        expect(TokenKind::right_delim, "define clause");
        add_inner(name, "define clause");
    }

    /// The body of a define or block, which sees none of the variables around it.
    void add_inner(const std::string& name, std::string_view context) {
        std::vector<std::string> outer = {"$"};
        std::swap(outer, variables_);
        const int ranges = std::exchange(range_depth_, 0);
        Body body = body_named(name);
        if (list(body.steps) == ListEnd::otherwise) {
            fail(peek(), fmt::format("unexpected {{{{else}}}} in {}", context));
        }
        std::swap(outer, variables_);
        range_depth_ = ranges;
        if (!error_) add(std::move(body));
    }

    std::string template_name(std::string_view context) {
        const Token token = next_non_space();
        if (token.kind == TokenKind::string || token.kind == TokenKind::raw_string) {
            auto name = unquote(token.value);
            if (name) return *name;
            fail(token, "invalid syntax");
        }
        if (!error_) unexpected(token, context);
        return {};
    }

    /// Reads steps until {{end}} or {{else}}.
    ListEnd list(Steps& steps) {
        if (!deeper(peek())) return ListEnd::text_end;
        while (peek().kind != TokenKind::end_of_text) {
            Step step;
            const Read read = text_or_action(step);
            if (error_) break;
            if (read == Read::step) steps.push_back(std::move(step));
            if (read == Read::end || read == Read::otherwise) {
                --depth_;
                return read == Read::end ? ListEnd::end : ListEnd::otherwise;
            }
        }
        fail(peek(), "unexpected EOF");
        return ListEnd::text_end;
    }

    Read text_or_action(Step& step) {
        const Token token = next_non_space();
        step.span.begin = token.at;
        if (token.kind == TokenKind::text) {
            step.text = token.value;
            return Read::step;
        }
        if (token.kind != TokenKind::left_delim) {
            if (!error_) unexpected(token, "input");
            return Read::nothing;
        }
        const Read read = action(step);
        step.span.end = end_of_last();
        return read;
    }

    Read action(Step& step) {
        const Token& word = peek_non_space();
        if (word.kind != TokenKind::keyword || word.value == "define") {
            if (word.kind == TokenKind::keyword) {
                unexpected(word, "command");
                return Read::nothing;
            }
            step.kind = Step::Kind::action;
            step.pipe = pipeline("command", TokenKind::right_delim);
            return Read::step;
        }
        const Token keyword = next();
        if (keyword.value == "end") {
            expect(TokenKind::right_delim, "end");
            return Read::end;
        }
        if (keyword.value == "else") return otherwise();
        if (keyword.value == "break" || keyword.value == "continue") leave_range(step, keyword);
        if (keyword.value == "if") control(step, Step::Kind::if_true, "if");
        if (keyword.value == "with") control(step, Step::Kind::with, "with");
        if (keyword.value == "range") control(step, Step::Kind::range, "range");
        if (keyword.value == "template") invoke(step);
        if (keyword.value == "block") block(step);
        return Read::step;
    }

    Read otherwise() {
        const Token& word = peek_non_space();
        if (!is_keyword(word, "if") && !is_keyword(word, "with")) {
            expect(TokenKind::right_delim, "else");
        }
        return Read::otherwise;
    }

    void leave_range(Step& step, const Token& keyword) {
        step.kind = keyword.value == "break" ? Step::Kind::break_range : Step::Kind::continue_range;
        const Token token = next_non_space();
        const std::string context = "{{" + keyword.value + "}}";
        if (token.kind != TokenKind::right_delim && !error_) unexpected(token, context);
        if (range_depth_ == 0) fail(keyword, context + " outside {{range}}");
    }

    void control(Step& step, Step::Kind kind, std::string_view context) {
        const std::size_t visible = variables_.size();
        step.kind = kind;
        step.pipe = pipeline(context, TokenKind::right_delim);
        if (kind == Step::Kind::range) ++range_depth_;
        ListEnd ended = list(step.body);
        if (kind == Step::Kind::range) --range_depth_;
        if (ended == ListEnd::otherwise) {
            const Token& word = peek();
            const bool chained = (kind == Step::Kind::if_true && is_keyword(word, "if")) ||
                                 (kind == Step::Kind::with && is_keyword(word, "with"));
            if (chained) {
                else_if(step, kind, context);
            } else if (word.kind == TokenKind::keyword) {
                unexpected(word, "else");
            } else {
                ended = list(step.otherwise);
                if (ended == ListEnd::otherwise) {
                    fail(peek(), "expected end; found {{else}}");
                }
            }
        }
        variables_.resize(std::min(visible, variables_.size()));
    }

    /// `{{else if}}`: an if inside of the else that needs no {{end}} of its own.
    void else_if(Step& step, Step::Kind kind, std::string_view context) {
        if (!deeper(peek())) return;
        Step inner;
        inner.span.begin = peek().at;
        next();
        control(inner, kind, context);
        inner.span.end = end_of_last();
        step.otherwise.push_back(std::move(inner));
        --depth_;
    }

    void invoke(Step& step) {
        step.kind = Step::Kind::invoke;
        step.text = template_name("template clause");
        if (peek_non_space().kind == TokenKind::right_delim) {
            next();
            return;
        }
        step.pipe = pipeline("template clause", TokenKind::right_delim);
    }

    void block(Step& step) {
        step.kind = Step::Kind::invoke;
        step.text = template_name("block clause");
        step.pipe = pipeline("block clause", TokenKind::right_delim);
        add_inner(step.text, "block clause");
    }

    // Pipelines.

    Pipe pipeline(std::string_view context, TokenKind end) {
        Pipe pipe;
        if (!deeper(peek())) return pipe;
        pipe.span.begin = peek_non_space().at;
        declarations(pipe, context);
        while (!error_) {
            const Token& token = peek_non_space();
            if (token.kind == end) {
                pipe.span.end = end_of_last();
                check(pipe, context);
                next();
                break;
            }
            if (!starts_operand(token.kind)) {
                unexpected(token, context);
                break;
            }
            pipe.commands.push_back(command());
        }
        --depth_;
        return pipe;
    }

    static bool starts_operand(TokenKind kind) {
        switch (kind) {
            case TokenKind::boolean:
            case TokenKind::char_constant:
            case TokenKind::dot:
            case TokenKind::field:
            case TokenKind::identifier:
            case TokenKind::number:
            case TokenKind::nil:
            case TokenKind::raw_string:
            case TokenKind::string:
            case TokenKind::variable:
            case TokenKind::left_paren:
                return true;
            default:
                return false;
        }
    }

    /// `$x :=`, `$x =`, and of a range `$i, $x :=`.
    void declarations(Pipe& pipe, std::string_view context) {
        while (!error_ && peek_non_space().kind == TokenKind::variable) {
            const std::size_t before = at_;
            const Token variable = next();
            const Token& after = peek_non_space();
            if (after.kind == TokenKind::assign || after.kind == TokenKind::declare) {
                pipe.assigns = after.kind == TokenKind::assign;
                next();
                declare(pipe, variable);
                return;
            }
            if (after.kind != TokenKind::character || after.value != ",") {
                at_ = before;
                return;
            }
            next();
            declare(pipe, variable);
            if (context != "range" || pipe.variables.size() > 1) {
                return fail(variable, fmt::format("too many declarations in {}", context));
            }
            if (peek_non_space().kind != TokenKind::variable) {
                return fail(peek(), "range can only initialize variables");
            }
        }
    }

    void declare(Pipe& pipe, const Token& variable) {
        // An assignment to what is not there is an error of the execution, as in Go.
        pipe.variables.push_back(variable.value);
        variables_.push_back(variable.value);
    }

    void check(const Pipe& pipe, std::string_view context) {
        if (pipe.commands.empty()) {
            return fail(peek(), fmt::format("missing value for {}", context));
        }
        for (std::size_t i = 1; i < pipe.commands.size(); ++i) {
            const Operand& first = pipe.commands[i].operands.front();
            const bool runs = first.kind == Operand::Kind::function ||
                              first.kind == Operand::Kind::pipe || !first.fields.empty() ||
                              first.kind == Operand::Kind::variable;
            if (!runs) {
                return fail(peek(),
                            fmt::format("non executable command in pipeline stage {}", i + 1));
            }
        }
    }

    void known(const std::string& variable, std::size_t at) {
        if (std::find(variables_.begin(), variables_.end(), variable) != variables_.end()) return;
        fail(Token{TokenKind::variable, variable, at, 0},
             fmt::format("undefined variable {}", quote(variable)));
    }

    Command command() {
        Command command;
        command.span.begin = peek_non_space().at;
        while (!error_) {
            peek_non_space();
            if (starts_operand(peek().kind)) command.operands.push_back(operand());
            command.span.end = end_of_last();
            const Token& token = peek();
            if (token.kind == TokenKind::space) {
                next();
                continue;
            }
            if (token.kind == TokenKind::right_delim || token.kind == TokenKind::right_paren) {
                break;
            }
            if (token.kind == TokenKind::pipe) {
                // Nothing need follow: Go takes `{{ 1 | }}`.
                next();
                break;
            }
            unexpected(token, "operand");
        }
        if (command.operands.empty()) fail(peek(), "empty command");
        return command;
    }

    Operand operand() {
        Operand operand = term();
        if (peek().kind != TokenKind::field) return operand;
        switch (operand.kind) {
            case Operand::Kind::constant:
            case Operand::Kind::nil:
            case Operand::Kind::dot:
                if (!operand.fields.empty()) break;
                fail(peek(),
                     fmt::format("unexpected . after term {}",
                                 quote(text_->substr(operand.span.begin,
                                                     operand.span.end - operand.span.begin))));
                return operand;
            default:
                break;
        }
        while (peek().kind == TokenKind::field)
            operand.fields.push_back(next().value.substr(1));
        operand.span.end = end_of_last();
        return operand;
    }

    Operand term() {
        const Token token = next();
        Operand operand;
        operand.span = {token.at, token.at + token.value.size()};
        switch (token.kind) {
            case TokenKind::dot:
                break;
            case TokenKind::nil:
                operand.kind = Operand::Kind::nil;
                break;
            case TokenKind::field:
                operand.kind = Operand::Kind::field;
                operand.fields.push_back(token.value.substr(1));
                break;
            case TokenKind::variable:
                operand.kind = Operand::Kind::variable;
                operand.name = token.value;
                known(token.value, token.at);
                break;
            case TokenKind::identifier:
                operand.kind = Operand::Kind::function;
                operand.name = token.value;
                if (!is_function(token.value)) {
                    fail(token, fmt::format("function {} not defined", quote(token.value)));
                }
                break;
            case TokenKind::left_paren:
                operand.kind = Operand::Kind::pipe;
                operand.pipe = std::make_shared<const Pipe>(
                    pipeline("parenthesized pipeline", TokenKind::right_paren));
                operand.span.end = end_of_last();
                break;
            default:
                operand.kind = Operand::Kind::constant;
                operand.constant = constant(token);
        }
        return operand;
    }

    bool is_function(std::string_view name) const {
        return name == "and" || name == "or" || functions_.contains(name) ||
               standard_functions().contains(name);
    }

    Value constant(const Token& token) {
        if (token.kind == TokenKind::boolean) return token.value == "true";
        if (token.kind == TokenKind::number) {
            if (auto number = read_number(token.value)) return *number;
            const bool whole = token.value.find_first_of(".eEpP_") == std::string::npos;
            fail(token, fmt::format("{}: {}", whole ? "integer overflow" : "illegal number syntax",
                                    quote(token.value)));
            return {};
        }
        auto text = unquote(token.value);
        if (!text) {
            fail(token, token.kind == TokenKind::char_constant
                            ? fmt::format("malformed character constant: {}", token.value)
                            : "invalid syntax");
            return {};
        }
        if (token.kind != TokenKind::char_constant) return std::move(*text);
        return static_cast<std::int64_t>(first_rune(*text));
    }

    std::string name_;
    std::shared_ptr<const std::string> text_;
    const Functions& functions_;
    Tree& tree_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    std::optional<Error> error_;
    const Token end_{};
    std::vector<std::string> variables_ = {"$"};
    std::vector<std::string> added_;
    int range_depth_ = 0;
    int depth_ = 0;
};

}  // namespace

std::pair<int, int> line_and_column(std::string_view text, std::size_t at) {
    const std::string_view before = text.substr(0, at);
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const std::size_t newline = before.rfind('\n');
    const std::size_t column = newline == before.npos ? before.size() : before.size() - newline - 1;
    return {static_cast<int>(lines) + 1, static_cast<int>(column)};
}

Result<std::shared_ptr<const Tree>> parse_tree(const Tree* base, std::string_view name,
                                               std::string_view text, const Functions& functions) {
    if (text.size() > kTextMax) {
        return pilotlight::fail(fmt::format("template: {}: longer than {} bytes", name, kTextMax));
    }
    Tree tree = base == nullptr ? Tree{} : *base;
    Parser parser(name, text, functions, tree);
    if (auto error = parser.run()) return std::unexpected(std::move(*error));
    return std::make_shared<const Tree>(std::move(tree));
}

}  // namespace pilotlight::tmpl
