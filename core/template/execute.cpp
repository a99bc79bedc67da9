#include "core/template/execute.h"

#include <fmt/format.h>

#include "core/template/evaluate.h"
#include "core/template/execution.h"

namespace pilotlight::tmpl {

namespace {

/// Walks the tree, following Go's text/template/exec.go, whose words the errors use.
class Executor {
  public:
    Executor(const Tree& tree, const Functions& functions, const ExecuteLimits& limits)
        : tree_(tree), execution_(limits), pipes_(execution_, functions) {}

    Result<std::string> run(std::string_view name, const Value& data) {
        const auto body = tree_.bodies.find(name);
        if (body == tree_.bodies.end()) {
            return pilotlight::fail(fmt::format("template: no template {}", quote(name)));
        }
        enter(*body->second, data);
        if (execution_.failed()) return std::unexpected(*execution_.error());
        return std::move(out_);
    }

  private:
    enum class Flow { on, break_range, continue_range };

    void write(Span span, std::string_view text) {
        const std::size_t most = execution_.limits().output_bytes;
        if (out_.size() + text.size() > most) return execution_.too_large(span, most);
        out_ += text;
    }

    void enter(const Body& body, const Value& dot) {
        const Execution::Entered entered(execution_, body, dot);
        walk(body.steps, dot);
    }

    Flow walk(const Steps& steps, const Value& dot) {
        for (const auto& step : steps) {
            if (!execution_.may_go_on(step.span)) return Flow::on;
            const Flow flow = walk(step, dot);
            if (flow != Flow::on) return flow;
        }
        return Flow::on;
    }

    Flow walk(const Step& step, const Value& dot) {
        const Execution::Nested nested(execution_, step.span);
        if (execution_.failed()) return Flow::on;
        switch (step.kind) {
            case Step::Kind::text:
                write(step.span, step.text);
                break;
            case Step::Kind::action: {
                const Value value = pipes_.evaluate(step.pipe, dot);
                if (!execution_.failed() && step.pipe.variables.empty())
                    write(step.span, to_text(value));
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
        const std::size_t visible = execution_.visible();
        const Value value = pipes_.evaluate(step.pipe, dot);
        Flow flow = Flow::on;
        if (!execution_.failed()) {
            const bool with = step.kind == Step::Kind::with;
            flow =
                value.is_true() ? walk(step.body, with ? value : dot) : walk(step.otherwise, dot);
        }
        execution_.forget_beyond(visible);
        return flow;
    }

    void range(const Step& step, const Value& dot) {
        const std::size_t visible = execution_.visible();
        const Value value = pipes_.evaluate(step.pipe, dot);
        bool any = false;
        const auto once = [&](const Value& index, const Value& item) {
            any = true;
            return iterate(step, index, item);
        };
        if (!execution_.failed()) iterate_all(step, value, once);
        if (!execution_.failed() && !any) walk(step.otherwise, dot);
        execution_.forget_beyond(visible);
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
        execution_.fail(step.pipe.span, fmt::format("range can't iterate over {}", to_text(value)));
    }

    /// Whether the range goes on.
    bool iterate(const Step& step, const Value& index, const Value& item) {
        if (!execution_.may_go_on(step.span)) return false;
        const std::size_t visible = execution_.visible();
        const auto& names = step.pipe.variables;
        if (!names.empty()) set_range_variables(step.pipe, names, index, item);
        const Flow flow = walk(step.body, item);
        execution_.forget_beyond(visible);
        return !execution_.failed() && flow != Flow::break_range;
    }

    void set_range_variables(const Pipe& pipe, const std::vector<std::string>& names,
                             const Value& index, const Value& item) {
        const bool both = names.size() > 1;
        if (pipe.assigns) {
            execution_.assign(pipe.span, names[0], both ? index : item);
            if (both) execution_.assign(pipe.span, names[1], item);
            return;
        }
        // The names were declared with the whole pipeline's value; they are shadowed here.
        execution_.declare(names[0], both ? index : item);
        if (both) execution_.declare(names[1], item);
    }

    void invoke(const Step& step, const Value& dot) {
        const auto body = tree_.bodies.find(step.text);
        if (body == tree_.bodies.end()) {
            return execution_.fail(step.span,
                                   fmt::format("template {} not defined", quote(step.text)));
        }
        if (invoked_ >= execution_.limits().depth) {
            return execution_.fail(step.span, fmt::format("exceeded maximum template depth ({})",
                                                          execution_.limits().depth));
        }
        const Value data = step.pipe.commands.empty() ? Value() : pipes_.evaluate(step.pipe, dot);
        if (execution_.failed()) return;
        ++invoked_;
        enter(*body->second, data);
        --invoked_;
    }

    const Tree& tree_;
    Execution execution_;
    Evaluator pipes_;
    std::string out_;
    std::size_t invoked_ = 0;
};

}  // namespace

Result<std::string> execute_tree(const Tree& tree, std::string_view name, const Value& data,
                                 const Functions& functions, const ExecuteLimits& limits) {
    return Executor(tree, functions, limits).run(name, data);
}

}  // namespace pilotlight::tmpl
