#pragma once

#include <span>
#include <string>

#include "core/template/execution.h"
#include "core/template/functions.h"
#include "core/template/tree.h"

namespace pilotlight::tmpl {

/// What pipelines give. Errors are the execution's, and what is given then means nothing.
class Evaluator {
  public:
    /// Both outlive it.
    Evaluator(Execution& execution, const Functions& functions)
        : execution_(execution), functions_(functions) {}

    /// The value of `pipe`, which its variables get too.
    Value evaluate(const Pipe& pipe, const Value& dot);

  private:
    using Args = std::span<const Value>;

    Value evaluate(const Command& command, const Value& dot, const Value* last);
    Value evaluate(const Operand& operand, const Value& dot, Args args, bool has_arguments);
    List arguments(const Command& command, const Value& dot, const Value* last);
    Value base(const Operand& operand, const Value& dot);
    Value field(const Operand& operand, const Value& value, const std::string& name, Args args,
                bool has_arguments);
    Value call(const Operand& name, const Command& command, const Value& dot, const Value* last);
    Value call(const Operand& name, const Function& function, const Command& command, Args args);
    Value logic(const Operand& name, const Command& command, const Value& dot, const Value* last);
    [[nodiscard]] const Function* find(std::string_view name) const;

    Execution& execution_;
    const Functions& functions_;
};

}  // namespace pilotlight::tmpl
