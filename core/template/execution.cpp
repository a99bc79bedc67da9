#include "core/template/execution.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "core/template/utf8.h"

namespace pilotlight::tmpl {

namespace {

/// Calls of the executor inside of one another: what the stack is sure to hold.
constexpr int kNestingMax = 400;
/// Lists and maps inside of one another: what printing and dropping them need of the stack.
constexpr std::size_t kValueDepthMax = 100;
/// Characters of an operand that an error quotes.
constexpr std::size_t kContextMax = 200;

}  // namespace

Execution::Entered::Entered(Execution& execution, const Body& body, const Value& dot)
    : execution_(execution),
      outer_(std::exchange(execution.body_, &body)),
      outer_variables_(std::move(execution.variables_)) {
    execution_.variables_ = {{"$", dot}};
}

Execution::Entered::~Entered() {
    execution_.variables_ = std::move(outer_variables_);
    execution_.body_ = outer_;
}

Execution::Nested::Nested(Execution& execution, Span span) : execution_(execution) {
    if (++execution_.depth_ > kNestingMax) execution_.fail(span, "nested too deeply");
}

bool Execution::may_go_on(Span span) {
    if (error_) return false;
    if (++steps_ > limits_.steps) fail(span, fmt::format("more than {} steps", limits_.steps));
    return !error_;
}

void Execution::take(Span span, const Value& value) {
    take(span, value.is(Value::Kind::text) ? value.weight() : 0);
    if (value.depth() > kValueDepthMax) fail(span, "nested too deeply");
}

void Execution::take(Span span, std::size_t cost) {
    function_bytes_ += cost;
    if (function_bytes_ > limits_.function_bytes) too_large(span, limits_.function_bytes);
}

void Execution::fail(Span span, std::string_view why) {
    if (error_) return;
    const std::string& text = *body_->text;
    const auto [line, column] = line_and_column(text, span.begin);
    const std::string_view context =
        first_runes(std::string_view(text).substr(span.begin, span.end - span.begin), kContextMax);
    error_ = Error(fmt::format("template: {}:{}:{}: executing {} at <{}>: {}", body_->source, line,
                               column, quote(body_->name), context, why));
}

void Execution::too_large(Span span, std::size_t limit) {
    fail(span, fmt::format("more than {} bytes of text", limit));
}

const Value* Execution::variable(Span span, std::string_view name) {
    return find(span, name);
}

void Execution::declare(std::string_view name, const Value& value) {
    variables_.emplace_back(name, value);
}

void Execution::assign(Span span, std::string_view name, const Value& value) {
    if (Value* variable = find(span, name)) *variable = value;
}

/// The innermost of that name.
Value* Execution::find(Span span, std::string_view name) {
    for (auto& [known, value] : std::views::reverse(variables_)) {
        if (known == name) return &value;
    }
    fail(span, fmt::format("undefined variable: {}", name));
    return nullptr;
}

std::string Execution::source(Span span) const {
    return body_->text->substr(span.begin, span.end - span.begin);
}

}  // namespace pilotlight::tmpl
