#include "core/template/evaluate.h"

#include <fmt/format.h>

#include <utility>

namespace pilotlight::tmpl {

namespace {

bool accepts(const Function& function, std::size_t count) {
    return count >= function.min_args && count <= function.max_args;
}

std::string wrong_count(std::string_view name, const Function& function, std::size_t count) {
    return fmt::format("wrong number of args for {}: want {}{} got {}", name,
                       function.max_args == function.min_args ? "" : "at least ", function.min_args,
                       count);
}

std::string no_field(const Value& value, std::string_view name) {
    return fmt::format("can't evaluate field {} in type {}", name, value.type_name());
}

}  // namespace

Value Evaluator::evaluate(const Pipe& pipe, const Value& dot) {
    const Execution::Nested nested(execution_, pipe.span);
    Value value;
    bool first = true;
    for (const auto& command : pipe.commands) {
        if (!execution_.may_go_on(command.span)) return {};
        value = evaluate(command, dot, first ? nullptr : &value);
        first = false;
    }
    if (execution_.failed()) return {};
    for (const auto& variable : pipe.variables) {
        if (pipe.assigns) {
            execution_.assign(pipe.span, variable, value);
        } else {
            execution_.declare(variable, value);
        }
    }
    return value;
}

/// `last` is what the command before it in the pipeline gave: the last argument.
Value Evaluator::evaluate(const Command& command, const Value& dot, const Value* last) {
    const Operand& first = command.operands.front();
    const bool has_arguments = command.operands.size() > 1 || last != nullptr;
    if (first.kind == Operand::Kind::function && first.fields.empty()) {
        return call(first, command, dot, last);
    }
    if (first.fields.empty() && has_arguments) {
        execution_.fail(first.span, fmt::format("can't give argument to non-function {}",
                                                execution_.source(first.span)));
        return {};
    }
    if (first.fields.empty() && first.kind == Operand::Kind::nil) {
        execution_.fail(first.span, "nil is not a command");
        return {};
    }
    if (!has_arguments) return evaluate(first, dot, {}, false);
    const List args = arguments(command, dot, last);
    if (execution_.failed()) return {};
    return evaluate(first, dot, args, true);
}

List Evaluator::arguments(const Command& command, const Value& dot, const Value* last) {
    List args;
    for (std::size_t i = 1; i < command.operands.size() && !execution_.failed(); ++i) {
        args.push_back(evaluate(command.operands[i], dot, {}, false));
    }
    if (last != nullptr) args.push_back(*last);
    return args;
}

/// `args` go to the last field where that is a method.
Value Evaluator::evaluate(const Operand& operand, const Value& dot, Args args, bool has_arguments) {
    const Execution::Nested nested(execution_, operand.span);
    if (!execution_.may_go_on(operand.span)) return {};
    Value value = base(operand, dot);
    for (std::size_t i = 0; i < operand.fields.size() && !execution_.failed(); ++i) {
        const bool is_last = i + 1 == operand.fields.size();
        value = is_last ? field(operand, value, operand.fields[i], args, has_arguments)
                        : field(operand, value, operand.fields[i], {}, false);
    }
    return execution_.failed() ? Value() : value;
}

Value Evaluator::base(const Operand& operand, const Value& dot) {
    switch (operand.kind) {
        case Operand::Kind::dot:
        case Operand::Kind::field:
            return dot;
        case Operand::Kind::nil:
            return {};
        case Operand::Kind::constant:
            return operand.constant;
        case Operand::Kind::variable: {
            const Value* variable = execution_.variable(operand.span, operand.name);
            return variable == nullptr ? Value() : *variable;
        }
        case Operand::Kind::pipe:
            return evaluate(*operand.pipe, dot);
        case Operand::Kind::function:
            return call(operand, Command{operand.span, {operand}}, dot, nullptr);
    }
    return {};
}

Value Evaluator::field(const Operand& operand, const Value& value, const std::string& name,
                       Args args, bool has_arguments) {
    if (value.type() != nullptr) {
        const auto method = value.type()->methods.find(name);
        if (method != value.type()->methods.end()) {
            auto result = method->second(value, args);
            if (result) return std::move(*result);
            execution_.fail(operand.span,
                            fmt::format("error calling {}: {}", name, result.error().message));
            return {};
        }
    }
    if (value.is(Value::Kind::nil)) return {};
    if (!value.is(Value::Kind::map)) {
        execution_.fail(operand.span, no_field(value, name));
        return {};
    }
    const Fields& fields = value.fields();
    const auto entry = fields.entries.find(name);
    if (entry == fields.entries.end() && fields.record) {
        execution_.fail(operand.span, no_field(value, name));
        return {};
    }
    if (has_arguments) {
        const std::string_view why = fields.record
                                         ? "has arguments but cannot be invoked as function"
                                         : "is not a method but has arguments";
        execution_.fail(operand.span, fmt::format("{} {}", name, why));
        return {};
    }
    return entry == fields.entries.end() ? fields.absent : entry->second;
}

Value Evaluator::call(const Operand& name, const Command& command, const Value& dot,
                      const Value* last) {
    if (name.name == "and" || name.name == "or") return logic(name, command, dot, last);
    const Function* function = find(name.name);
    if (function == nullptr) {
        execution_.fail(name.span, fmt::format("{} is not a defined function", quote(name.name)));
        return {};
    }
    const std::size_t count = command.operands.size() - 1 + (last != nullptr ? 1 : 0);
    if (!accepts(*function, count)) {
        execution_.fail(name.span, wrong_count(name.name, *function, count));
        return {};
    }
    const List args = arguments(command, dot, last);
    if (execution_.failed()) return {};
    return call(name, *function, command, args);
}

Value Evaluator::call(const Operand& name, const Function& function, const Command& command,
                      Args args) {
    std::size_t weight = 0;
    for (const Value& arg : args) {
        weight += arg.weight();
        execution_.take(command.span, arg);
    }
    if (function.cost != nullptr) execution_.take(command.span, function.cost(args));
    const std::size_t most = execution_.limits().value_bytes;
    if (weight > most) execution_.too_large(command.span, most);
    if (execution_.failed()) return {};
    auto result = function.call(args);
    if (!result) {
        execution_.fail(command.span,
                        fmt::format("error calling {}: {}", name.name, result.error().message));
        return {};
    }
    execution_.take(command.span, *result);
    const std::size_t made_most = result->is(Value::Kind::text) ? kMadeTextMax : most;
    if (result->weight() > made_most) execution_.too_large(command.span, made_most);
    return std::move(*result);
}

/// `and`, `or`: the first operand that decides, the later ones not evaluated.
Value Evaluator::logic(const Operand& name, const Command& command, const Value& dot,
                       const Value* last) {
    if (command.operands.size() == 1 && last == nullptr) {
        execution_.fail(name.span, fmt::format("wrong number of args for {}: want at least 1 got 0",
                                               name.name));
        return {};
    }
    const bool decides = name.name == "or";
    Value value;
    for (std::size_t i = 1; i < command.operands.size(); ++i) {
        value = evaluate(command.operands[i], dot, {}, false);
        if (execution_.failed() || value.is_true() == decides) return value;
    }
    return last != nullptr ? *last : value;
}

const Function* Evaluator::find(std::string_view name) const {
    const auto ours = functions_.find(name);
    if (ours != functions_.end()) return &ours->second;
    const auto standard = standard_functions().find(name);
    return standard == standard_functions().end() ? nullptr : &standard->second;
}

}  // namespace pilotlight::tmpl
