#include "core/template/parse_pipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "core/template/number.h"
#include "core/template/unquote.h"

namespace pilotlight::tmpl {

namespace {

bool starts_operand(TokenKind kind) {
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

/// Whether a command may take what the one before it gave.
bool runs(const Operand& first) {
    return first.kind == Operand::Kind::function || first.kind == Operand::Kind::pipe ||
           first.kind == Operand::Kind::variable || !first.fields.empty();
}

/// `1.x`: what has no fields.
bool takes_no_field(const Operand& operand) {
    const bool plain = operand.kind == Operand::Kind::constant ||
                       operand.kind == Operand::Kind::nil || operand.kind == Operand::Kind::dot;
    return plain && operand.fields.empty();
}

}  // namespace

Pipe PipeParser::read(std::string_view context, TokenKind end) {
    Pipe pipe;
    const TokenReader::Level level(tokens_);
    if (!level) return pipe;
    pipe.span.begin = tokens_.peek_non_space().at;
    declarations(pipe, context);
    while (!tokens_.failed()) {
        const Token& token = tokens_.peek_non_space();
        if (token.kind == end) {
            pipe.span.end = tokens_.end_of_last();
            check(pipe, context);
            tokens_.next();
            break;
        }
        if (!starts_operand(token.kind)) {
            tokens_.unexpected(token, context);
            break;
        }
        pipe.commands.push_back(command());
    }
    return pipe;
}

/// `$x :=`, `$x =`, and of a range `$i, $x :=`.
void PipeParser::declarations(Pipe& pipe, std::string_view context) {
    while (!tokens_.failed() && tokens_.peek_non_space().kind == TokenKind::variable) {
        const std::size_t before = tokens_.mark();
        const Token variable = tokens_.next();
        const Token& after = tokens_.peek_non_space();
        if (after.kind == TokenKind::assign || after.kind == TokenKind::declare) {
            pipe.assigns = after.kind == TokenKind::assign;
            tokens_.next();
            return declare(pipe, variable);
        }
        if (after.kind != TokenKind::character || after.value != ",") {
            return tokens_.back_to(before);
        }
        tokens_.next();
        declare(pipe, variable);
        if (context != "range" || pipe.variables.size() > 1) {
            return tokens_.fail(variable, fmt::format("too many declarations in {}", context));
        }
        if (tokens_.peek_non_space().kind != TokenKind::variable) {
            return tokens_.fail(tokens_.peek(), "range can only initialize variables");
        }
    }
}

void PipeParser::declare(Pipe& pipe, const Token& variable) {
    // An assignment to what is not there is an error of the execution, as in Go.
    pipe.variables.push_back(variable.value);
    variables_.push_back(variable.value);
}

void PipeParser::check(const Pipe& pipe, std::string_view context) {
    if (pipe.commands.empty()) {
        return tokens_.fail(tokens_.peek(), fmt::format("missing value for {}", context));
    }
    for (std::size_t i = 1; i < pipe.commands.size(); ++i) {
        if (runs(pipe.commands[i].operands.front())) continue;
        return tokens_.fail(tokens_.peek(),
                            fmt::format("non executable command in pipeline stage {}", i + 1));
    }
}

Command PipeParser::command() {
    Command command;
    command.span.begin = tokens_.peek_non_space().at;
    while (!tokens_.failed()) {
        if (starts_operand(tokens_.peek_non_space().kind)) command.operands.push_back(operand());
        command.span.end = tokens_.end_of_last();
        const Token& token = tokens_.peek();
        if (token.kind == TokenKind::space) {
            tokens_.next();
            continue;
        }
        if (token.kind == TokenKind::right_delim || token.kind == TokenKind::right_paren) break;
        if (token.kind == TokenKind::pipe) {
            // Nothing need follow: Go takes `{{ 1 | }}`.
            tokens_.next();
            break;
        }
        tokens_.unexpected(token, "operand");
    }
    if (command.operands.empty()) tokens_.fail(tokens_.peek(), "empty command");
    return command;
}

Operand PipeParser::operand() {
    Operand operand = term();
    if (tokens_.peek().kind != TokenKind::field) return operand;
    if (takes_no_field(operand)) {
        const auto& span = operand.span;
        tokens_.fail(tokens_.peek(),
                     fmt::format("unexpected . after term {}",
                                 quote(tokens_.text()->substr(span.begin, span.end - span.begin))));
        return operand;
    }
    while (tokens_.peek().kind == TokenKind::field)
        operand.fields.push_back(tokens_.next().value.substr(1));
    operand.span.end = tokens_.end_of_last();
    return operand;
}

Operand PipeParser::term() {
    const Token token = tokens_.next();
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
            known(token);
            break;
        case TokenKind::identifier:
            operand.kind = Operand::Kind::function;
            operand.name = token.value;
            if (!is_function(token.value)) {
                tokens_.fail(token, fmt::format("function {} not defined", quote(token.value)));
            }
            break;
        case TokenKind::left_paren:
            operand.kind = Operand::Kind::pipe;
            operand.pipe = std::make_shared<const Pipe>(
                read("parenthesized pipeline", TokenKind::right_paren));
            operand.span.end = tokens_.end_of_last();
            break;
        default:
            operand.kind = Operand::Kind::constant;
            operand.constant = constant(token);
    }
    return operand;
}

void PipeParser::known(const Token& variable) {
    if (std::ranges::find(variables_, variable.value) != variables_.end()) return;
    tokens_.fail(variable, fmt::format("undefined variable {}", quote(variable.value)));
}

bool PipeParser::is_function(std::string_view name) const {
    return name == "and" || name == "or" || functions_.contains(name) ||
           standard_functions().contains(name);
}

Value PipeParser::constant(const Token& token) {
    if (token.kind == TokenKind::boolean) return token.value == "true";
    if (token.kind == TokenKind::number) return number(token);
    if (token.kind == TokenKind::char_constant) {
        if (const auto code = unquote_character(token.value)) return static_cast<int>(*code);
        tokens_.fail(token, fmt::format("malformed character constant: {}", token.value));
        return {};
    }
    auto text = unquote(token.value);
    if (text) return std::move(*text);
    tokens_.fail(token, "invalid syntax");
    return {};
}

Value PipeParser::number(const Token& token) {
    if (auto number = read_number(token.value)) return *number;
    const bool whole = token.value.find_first_of(".eEpP_") == std::string::npos;
    tokens_.fail(token, fmt::format("{}: {}", whole ? "integer overflow" : "illegal number syntax",
                                    quote(token.value)));
    return {};
}

}  // namespace pilotlight::tmpl
