#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/template/parse_pipe.h"
#include "core/template/token_reader.h"
#include "core/template/tree.h"
#include "core/template/unquote.h"

namespace pilotlight::tmpl {

namespace {

constexpr std::size_t kTextMax = 1 << 20;

/// Why a list of steps ended.
enum class ListEnd { end, otherwise, text_end };

bool is_blank(const Step& step) {
    return step.kind == Step::Kind::text &&
           step.text.find_first_not_of(" \t\r\n") == std::string::npos;
}

/// Recursive descent, following Go's text/template/parse, whose words the errors use.
class Parser {
  public:
    Parser(std::string_view name, std::string_view text, const Functions& functions, Tree& tree)
        : tree_(tree), tokens_(name, text), pipes_(tokens_, functions) {}

    std::optional<Error> run() {
        Body body = body_named(tokens_.name());
        while (tokens_.peek().kind != TokenKind::end_of_text) {
            if (tokens_.begins("define")) {
                define();
                continue;
            }
            Step step;
            const Token first = tokens_.peek();
            switch (text_or_action(step)) {
                case Read::step:
                    body.steps.push_back(std::move(step));
                    break;
                case Read::nothing:
                    break;
                case Read::end:
                    tokens_.fail(first, "unexpected {{end}}");
                    break;
                case Read::otherwise:
                    tokens_.fail(first, "unexpected {{else}}");
                    break;
            }
        }
        if (tokens_.failed()) return tokens_.error();
        add(std::move(body));
        tree_.main = tokens_.name();
        return tokens_.error();
    }

  private:
    enum class Read { step, nothing, end, otherwise };

    Body body_named(std::string name) const {
        return {std::move(name), tokens_.name(), tokens_.text(), {}};
    }

    /// Go's rule: an empty text does not replace a definition, and one text defines a name once.
    void add(Body body) {
        const bool empty = std::ranges::all_of(body.steps, is_blank);
        const bool mine = std::ranges::find(added_, body.name) != added_.end();
        if (mine && !empty) {
            return tokens_.fail(
                tokens_.peek(),
                fmt::format("template: multiple definition of template {}", quote(body.name)));
        }
        if (empty && tree_.bodies.contains(body.name)) return;
        if (!empty) added_.push_back(body.name);
        std::string name = body.name;
        tree_.bodies[std::move(name)] = std::make_shared<const Body>(std::move(body));
    }

    void define() {
        const std::string name = template_name("define clause");
        tokens_.expect(TokenKind::right_delim, "define clause");
        add_inner(name, "define clause");
    }

    /// The body of a define or block, which sees none of the variables around it.
    void add_inner(const std::string& name, std::string_view context) {
        auto outer = std::exchange(pipes_.variables(), {"$"});
        const int ranges = std::exchange(range_depth_, 0);
        Body body = body_named(name);
        if (list(body.steps) == ListEnd::otherwise) {
            tokens_.fail(tokens_.peek(), fmt::format("unexpected {{{{else}}}} in {}", context));
        }
        pipes_.variables() = std::move(outer);
        range_depth_ = ranges;
        if (!tokens_.failed()) add(std::move(body));
    }

    std::string template_name(std::string_view context) {
        const Token token = tokens_.next_non_space();
        if (token.kind == TokenKind::string || token.kind == TokenKind::raw_string) {
            auto name = unquote(token.value);
            if (name) return *name;
            tokens_.fail(token, "invalid syntax");
        }
        if (!tokens_.failed()) tokens_.unexpected(token, context);
        return {};
    }

    /// Reads steps until {{end}} or {{else}}.
    ListEnd list(Steps& steps) {
        const TokenReader::Level level(tokens_);
        while (tokens_.peek().kind != TokenKind::end_of_text) {
            Step step;
            const Read read = text_or_action(step);
            if (tokens_.failed()) break;
            if (read == Read::step) steps.push_back(std::move(step));
            if (read == Read::end) return ListEnd::end;
            if (read == Read::otherwise) return ListEnd::otherwise;
        }
        tokens_.fail(tokens_.peek(), "unexpected EOF");
        return ListEnd::text_end;
    }

    Read text_or_action(Step& step) {
        const Token token = tokens_.next_non_space();
        step.span.begin = token.at;
        if (token.kind == TokenKind::text) {
            step.text = token.value;
            return Read::step;
        }
        if (token.kind != TokenKind::left_delim) {
            if (!tokens_.failed()) tokens_.unexpected(token, "input");
            return Read::nothing;
        }
        const Read read = action(step);
        step.span.end = tokens_.end_of_last();
        return read;
    }

    Read action(Step& step) {
        const Token& word = tokens_.peek_non_space();
        if (word.kind != TokenKind::keyword) {
            step.kind = Step::Kind::action;
            step.pipe = pipes_.read("command", TokenKind::right_delim);
            return Read::step;
        }
        if (word.value == "define") {
            tokens_.unexpected(word, "command");
            return Read::nothing;
        }
        return block_action(step, tokens_.next());
    }

    Read block_action(Step& step, const Token& keyword) {
        if (keyword.value == "end") {
            tokens_.expect(TokenKind::right_delim, "end");
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
        const Token& word = tokens_.peek_non_space();
        if (!is_keyword(word, "if") && !is_keyword(word, "with")) {
            tokens_.expect(TokenKind::right_delim, "else");
        }
        return Read::otherwise;
    }

    void leave_range(Step& step, const Token& keyword) {
        step.kind = keyword.value == "break" ? Step::Kind::break_range : Step::Kind::continue_range;
        const std::string context = "{{" + keyword.value + "}}";
        tokens_.expect(TokenKind::right_delim, context);
        if (range_depth_ == 0) tokens_.fail(keyword, context + " outside {{range}}");
    }

    void control(Step& step, Step::Kind kind, std::string_view context) {
        const std::size_t visible = pipes_.variables().size();
        const bool is_range = kind == Step::Kind::range;
        step.kind = kind;
        step.pipe = pipes_.read(context, TokenKind::right_delim);
        if (is_range) ++range_depth_;
        const ListEnd ended = list(step.body);
        if (is_range) --range_depth_;
        if (ended == ListEnd::otherwise) otherwise_of(step, context);
        pipes_.variables().resize(std::min(visible, pipes_.variables().size()));
    }

    void otherwise_of(Step& step, std::string_view context) {
        const Token& word = tokens_.peek();
        if (context != "range" && is_keyword(word, context)) return else_if(step, context);
        if (word.kind == TokenKind::keyword) return tokens_.unexpected(word, "else");
        if (list(step.otherwise) == ListEnd::otherwise) {
            tokens_.fail(tokens_.peek(), "expected end; found {{else}}");
        }
    }

    /// `{{else if}}`: an if inside of the else that needs no {{end}} of its own.
    void else_if(Step& step, std::string_view context) {
        const TokenReader::Level level(tokens_);
        if (!level) return;
        Step inner;
        inner.span.begin = tokens_.peek().at;
        tokens_.next();
        control(inner, step.kind, context);
        inner.span.end = tokens_.end_of_last();
        step.otherwise.push_back(std::move(inner));
    }

    void invoke(Step& step) {
        step.kind = Step::Kind::invoke;
        step.text = template_name("template clause");
        if (tokens_.peek_non_space().kind == TokenKind::right_delim) {
            tokens_.next();
            return;
        }
        step.pipe = pipes_.read("template clause", TokenKind::right_delim);
    }

    void block(Step& step) {
        step.kind = Step::Kind::invoke;
        step.text = template_name("block clause");
        step.pipe = pipes_.read("block clause", TokenKind::right_delim);
        add_inner(step.text, "block clause");
    }

    Tree& tree_;
    TokenReader tokens_;
    PipeParser pipes_;
    std::vector<std::string> added_;
    int range_depth_ = 0;
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
