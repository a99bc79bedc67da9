#include "core/template/execute.h"

#include <fmt/format.h>

#include "core/template/utf8.h"

namespace pilotlight::tmpl {

namespace {

/// Calls of the executor inside of one another: what the stack is sure to hold.
constexpr int kNestingMax = 400;
/// Lists and maps inside of one another: what printing and dropping them need of the stack.
constexpr std::size_t kValueDepthMax = 100;
/// Characters of an operand that an error quotes.
constexpr std::size_t kContextMax = 200;

struct Variable {
    std::string name;
    Value value;
};

/// Walks the tree, following Go's text/template/exec.go, whose words the errors use. The first
/// error is kept; after it every step does nothing.
class Executor {
  public:
    Executor(const Tree& tree, const Functions& functions, const ExecuteLimits& limits)
        : tree_(tree), functions_(functions), limits_(limits) {}

    Result<std::string> run(std::string_view name, const Value& data) {
        const auto body = tree_.bodies.find(name);
        if (body == tree_.bodies.end()) {
            return pilotlight::fail(fmt::format("template: no template {}", quote(name)));
        }
        enter(*body->second, data);
        if (error_) return std::unexpected(std::move(*error_));
        return std::move(out_);
    }

  private:
    enum class Flow { on, break_range, continue_range };

    /// Counts nesting as long as it lives.
    class Nested {
      public:
        Nested(Executor& executor, Span span) : executor_(executor) {
            if (++executor_.depth_ > kNestingMax) {
                executor_.fail(span, "nested too deeply");
            }
        }
        ~Nested() { --executor_.depth_; }
        Nested(const Nested&) = delete;
        Nested& operator=(const Nested&) = delete;

      private:
        Executor& executor_;
    };

    void fail(Span span, std::string_view why) {
        if (error_) return;
        const std::string& text = *body_->text;
        const auto [line, column] = line_and_column(text, span.begin);
        const std::string_view context = first_runes(
            std::string_view(text).substr(span.begin, span.end - span.begin), kContextMax);
        error_ = Error(fmt::format("template: {}:{}:{}: executing {} at <{}>: {}", body_->source,
                                   line, column, quote(body_->name), context, why));
    }

    bool may_go_on(Span span) {
        if (error_) return false;
        if (++steps_ > limits_.steps) {
            fail(span, fmt::format("more than {} steps", limits_.steps));
        }
        return !error_;
    }

    void write(Span span, std::string_view text) {
        if (out_.size() + text.size() > limits_.output_bytes) {
            return too_large(span, limits_.output_bytes);
        }
        out_ += text;
    }

    // Blocks.

    void enter(const Body& body, const Value& dot) {
        const Body* outer = std::exchange(body_, &body);
        std::vector<Variable> variables = {{"$", dot}};
        std::swap(variables, variables_);
        walk(body.steps, dot);
        std::swap(variables, variables_);
        body_ = outer;
    }

    Flow walk(const Steps& steps, const Value& dot) {
        for (const auto& step : steps) {
            if (!may_go_on(step.span)) return Flow::on;
            const Flow flow = walk(step, dot);
            if (flow != Flow::on) return flow;
        }
        return Flow::on;
    }

    Flow walk(const Step& step, const Value& dot) {
        const Nested nested(*this, step.span);
        if (error_) return Flow::on;
        switch (step.kind) {
            case Step::Kind::text:
                write(step.span, step.text);
                break;
            case Step::Kind::action: {
                const Value value = evaluate(step.pipe, dot);
                if (!error_ && step.pipe.variables.empty()) write(step.span, to_text(value));
                break;
            }
            case Step::Kind::if_true:
            case Step::Kind::with:
                return choose(step, dot);
            case Step::Kind::range:
                range(step, dot);
                break;
            case Step::Kind::invoke:
                invoke(step, dot);
                break;
            case Step::Kind::break_range:
                return Flow::break_range;
            case Step::Kind::continue_range:
                return Flow::continue_range;
        }
        return Flow::on;
    }

    Flow choose(const Step& step, const Value& dot) {
        const std::size_t visible = variables_.size();
        const Value value = evaluate(step.pipe, dot);
        Flow flow = Flow::on;
        if (!error_) {
            const bool with = step.kind == Step::Kind::with;
            flow =
                value.is_true() ? walk(step.body, with ? value : dot) : walk(step.otherwise, dot);
        }
        variables_.resize(visible);
        return flow;
    }

    void range(const Step& step, const Value& dot) {
        const std::size_t visible = variables_.size();
        const Value value = evaluate(step.pipe, dot);
        bool any = false;
        const auto once = [&](const Value& index, const Value& item) {
            any = true;
            return iterate(step, index, item);
        };
        if (!error_) iterate_all(step, value, once);
        if (!error_ && !any) walk(step.otherwise, dot);
        variables_.resize(visible);
    }

    template <class Once>
    void iterate_all(const Step& step, const Value& value, Once once) {
        switch (value.kind()) {
            case Value::Kind::nil:
                return;
            case Value::Kind::list: {
                std::int64_t index = 0;
                for (const auto& item : value.list()) {
                    if (!once(Value(index++), item)) return;
                }
                return;
            }
            case Value::Kind::map:
                if (value.fields().record) break;
                for (const auto& [name, item] : value.fields().entries) {
                    if (!once(Value(name), item)) return;
                }
                return;
            case Value::Kind::integer:
                for (std::int64_t i = 0; i < value.integer(); ++i) {
                    if (!once(Value(i), Value(i))) return;
                }
                return;
            default:
                break;
        }
        fail(step.pipe.span, fmt::format("range can't iterate over {}", to_text(value)));
    }

    /// Whether the range goes on.
    bool iterate(const Step& step, const Value& index, const Value& item) {
        if (!may_go_on(step.span)) return false;
        const std::size_t visible = variables_.size();
        const auto& names = step.pipe.variables;
        if (!names.empty()) set_range_variables(step.pipe, names, index, item);
        const Flow flow = walk(step.body, item);
        variables_.resize(visible);
        return !error_ && flow != Flow::break_range;
    }

    void set_range_variables(const Pipe& pipe, const std::vector<std::string>& names,
                             const Value& index, const Value& item) {
        const bool both = names.size() > 1;
        if (pipe.assigns) {
            assign(pipe.span, names[0], both ? index : item);
            if (both) assign(pipe.span, names[1], item);
            return;
        }
        // The names were declared with the whole pipeline's value; they are shadowed here.
        variables_.push_back({names[0], both ? index : item});
        if (both) variables_.push_back({names[1], item});
    }

    void invoke(const Step& step, const Value& dot) {
        const auto body = tree_.bodies.find(step.text);
        if (body == tree_.bodies.end()) {
            return fail(step.span, fmt::format("template {} not defined", quote(step.text)));
        }
        if (invoked_ >= limits_.depth) {
            return fail(step.span,
                        fmt::format("exceeded maximum template depth ({})", limits_.depth));
        }
        const Value data = step.pipe.commands.empty() ? Value() : evaluate(step.pipe, dot);
        if (error_) return;
        ++invoked_;
        enter(*body->second, data);
        --invoked_;
    }

    // Pipelines.

    Value evaluate(const Pipe& pipe, const Value& dot) {
        const Nested nested(*this, pipe.span);
        Value value;
        bool first = true;
        for (const auto& command : pipe.commands) {
            if (!may_go_on(command.span)) return {};
            value = evaluate(command, dot, first ? nullptr : &value);
            first = false;
        }
        if (error_) return {};
        for (const auto& variable : pipe.variables) {
            if (pipe.assigns) {
                assign(pipe.span, variable, value);
            } else {
                variables_.push_back({variable, value});
            }
        }
        return value;
    }

    void assign(Span span, std::string_view name, const Value& value) {
        for (std::size_t i = variables_.size(); i-- > 0;) {
            if (variables_[i].name == name) {
                variables_[i].value = value;
                return;
            }
        }
        fail(span, fmt::format("undefined variable: {}", name));
    }

    /// `last` is what the command before it in the pipeline gave: the last argument.
    Value evaluate(const Command& command, const Value& dot, const Value* last) {
        const Operand& first = command.operands.front();
        const bool has_arguments = command.operands.size() > 1 || last != nullptr;
        if (first.kind == Operand::Kind::function && first.fields.empty()) {
            return call(first, command, dot, last);
        }
        if (first.fields.empty()) {
            if (has_arguments) {
                fail(first.span,
                     fmt::format("can't give argument to non-function {}", source(first.span)));
                return {};
            }
            if (first.kind == Operand::Kind::nil) {
                fail(first.span, "nil is not a command");
                return {};
            }
        }
        if (!has_arguments) return evaluate(first, dot, {}, false);
        List args = arguments(command, dot, last);
        if (error_) return {};
        return evaluate(first, dot, args, true);
    }

    List arguments(const Command& command, const Value& dot, const Value* last) {
        List args;
        for (std::size_t i = 1; i < command.operands.size() && !error_; ++i) {
            args.push_back(evaluate(command.operands[i], dot, {}, false));
        }
        if (last != nullptr) args.push_back(*last);
        return args;
    }

    /// `args` go to the last field where that is a method.
    Value evaluate(const Operand& operand, const Value& dot, std::span<const Value> args,
                   bool has_arguments) {
        const Nested nested(*this, operand.span);
        if (!may_go_on(operand.span)) return {};
        Value value = base(operand, dot);
        for (std::size_t i = 0; i < operand.fields.size() && !error_; ++i) {
            const bool is_last = i + 1 == operand.fields.size();
            value = is_last ? field(operand, value, operand.fields[i], args, has_arguments)
                            : field(operand, value, operand.fields[i], {}, false);
        }
        return error_ ? Value() : value;
    }

    Value base(const Operand& operand, const Value& dot) {
        switch (operand.kind) {
            case Operand::Kind::dot:
            case Operand::Kind::field:
                return dot;
            case Operand::Kind::nil:
                return {};
            case Operand::Kind::constant:
                return operand.constant;
            case Operand::Kind::variable:
                return variable(operand);
            case Operand::Kind::pipe:
                return evaluate(*operand.pipe, dot);
            case Operand::Kind::function:
                return call(operand, Command{operand.span, {operand}}, dot, nullptr);
        }
        return {};
    }

    Value variable(const Operand& operand) {
        for (std::size_t i = variables_.size(); i-- > 0;) {
            if (variables_[i].name == operand.name) return variables_[i].value;
        }
        fail(operand.span, fmt::format("undefined variable: {}", operand.name));
        return {};
    }

    Value field(const Operand& operand, const Value& value, const std::string& name,
                std::span<const Value> args, bool has_arguments) {
        if (value.type() != nullptr) {
            const auto method = value.type()->methods.find(name);
            if (method != value.type()->methods.end()) {
                auto result = method->second(value, args);
                if (result) return std::move(*result);
                fail(operand.span,
                     fmt::format("error calling {}: {}", name, result.error().message));
                return {};
            }
        }
        if (value.is(Value::Kind::nil)) return {};
        if (!value.is(Value::Kind::map)) {
            fail(operand.span,
                 fmt::format("can't evaluate field {} in type {}", name, value.type_name()));
            return {};
        }
        const Fields& fields = value.fields();
        const auto entry = fields.entries.find(name);
        if (entry == fields.entries.end() && fields.record) {
            fail(operand.span,
                 fmt::format("can't evaluate field {} in type {}", name, value.type_name()));
            return {};
        }
        if (has_arguments) {
            const std::string_view why = fields.record
                                             ? "has arguments but cannot be invoked as function"
                                             : "is not a method but has arguments";
            fail(operand.span, fmt::format("{} {}", name, why));
            return {};
        }
        return entry == fields.entries.end() ? fields.absent : entry->second;
    }

    // Functions.

    Value call(const Operand& name, const Command& command, const Value& dot, const Value* last) {
        if (name.name == "and" || name.name == "or") return logic(name, command, dot, last);
        const Function* function = find(name.name);
        if (function == nullptr) {
            fail(name.span, fmt::format("{} is not a defined function", quote(name.name)));
            return {};
        }
        const std::size_t count = command.operands.size() - 1 + (last != nullptr ? 1 : 0);
        if (!accepts(*function, count)) {
            fail(name.span, wrong_count(name.name, *function, count));
            return {};
        }
        const List args = arguments(command, dot, last);
        std::size_t weight = 0;
        if (function->cost != nullptr) function_bytes_ += function->cost(args);
        for (const Value& arg : args) {
            weight += arg.weight();
            take(command.span, arg);
        }
        if (weight > limits_.value_bytes) too_large(command.span, limits_.value_bytes);
        if (error_) return {};
        auto result = function->call(args);
        if (result) {
            take(command.span, *result);
            const bool text = result->is(Value::Kind::text);
            const std::size_t most = text ? kMadeTextMax : limits_.value_bytes;
            if (result->weight() > most) too_large(command.span, most);
            return std::move(*result);
        }
        fail(command.span, fmt::format("error calling {}: {}", name.name, result.error().message));
        return {};
    }

    /// Counts what a function takes or makes.
    void take(Span span, const Value& value) {
        if (value.is(Value::Kind::text)) function_bytes_ += value.weight();
        if (function_bytes_ > limits_.function_bytes) too_large(span, limits_.function_bytes);
        if (value.depth() > kValueDepthMax) fail(span, "nested too deeply");
    }

    void too_large(Span span, std::size_t limit) {
        fail(span, fmt::format("more than {} bytes of text", limit));
    }

    /// `and`, `or`: the first operand that decides, the later ones not evaluated.
    Value logic(const Operand& name, const Command& command, const Value& dot, const Value* last) {
        if (command.operands.size() == 1 && last == nullptr) {
            fail(name.span,
                 fmt::format("wrong number of args for {}: want at least 1 got 0", name.name));
            return {};
        }
        const bool decides = name.name == "or";
        Value value;
        for (std::size_t i = 1; i < command.operands.size(); ++i) {
            value = evaluate(command.operands[i], dot, {}, false);
            if (error_ || value.is_true() == decides) return value;
        }
        return last != nullptr ? *last : value;
    }

    const Function* find(std::string_view name) const {
        const auto ours = functions_.find(name);
        if (ours != functions_.end()) return &ours->second;
        const auto standard = standard_functions().find(name);
        return standard == standard_functions().end() ? nullptr : &standard->second;
    }

    static bool accepts(const Function& function, std::size_t count) {
        return count >= function.min_args && count <= function.max_args;
    }

    static std::string wrong_count(std::string_view name, const Function& function,
                                   std::size_t count) {
        return fmt::format("wrong number of args for {}: want {}{} got {}", name,
                           function.max_args == function.min_args ? "" : "at least ",
                           function.min_args, count);
    }

    std::string source(Span span) const {
        return body_->text->substr(span.begin, span.end - span.begin);
    }

    const Tree& tree_;
    const Functions& functions_;
    const ExecuteLimits& limits_;
    const Body* body_ = nullptr;
    std::vector<Variable> variables_;
    std::string out_;
    std::optional<Error> error_;
    std::size_t steps_ = 0;
    std::size_t function_bytes_ = 0;
    std::size_t invoked_ = 0;
    int depth_ = 0;
};

}  // namespace

Result<std::string> execute_tree(const Tree& tree, std::string_view name, const Value& data,
                                 const Functions& functions, const ExecuteLimits& limits) {
    return Executor(tree, functions, limits).run(name, data);
}

}  // namespace pilotlight::tmpl
