#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/template/template.h"
#include "core/template/tree.h"
#include "core/template/value.h"

/// Inside of the template executor.
namespace pilotlight::tmpl {

/// Where one execution stands: the template it is in, its variables, what it has cost, and its
/// first error, after which every step does nothing.
class Execution {
  public:
    /// `limits` outlives it.
    explicit Execution(const ExecuteLimits& limits) : limits_(limits) {}

    [[nodiscard]] const ExecuteLimits& limits() const { return limits_; }

    /// Enters `body` with no variable but `$`, which is `dot`, and leaves it when it goes.
    class Entered {
      public:
        Entered(Execution& execution, const Body& body, const Value& dot);
        ~Entered();
        Entered(const Entered&) = delete;
        Entered& operator=(const Entered&) = delete;

      private:
        Execution& execution_;
        const Body* outer_;
        std::vector<std::pair<std::string, Value>> outer_variables_;
    };

    /// Counts calls of the executor inside of one another as long as it lives; too many are an
    /// error.
    class Nested {
      public:
        Nested(Execution& execution, Span span);
        ~Nested() { --execution_.depth_; }
        Nested(const Nested&) = delete;
        Nested& operator=(const Nested&) = delete;

      private:
        Execution& execution_;
    };

    /// Counts a step; false once there is an error, such as too many steps.
    [[nodiscard]] bool may_go_on(Span span);
    /// Counts what a function takes or makes, and `cost` bytes on top.
    void take(Span span, const Value& value);
    void take(Span span, std::size_t cost);

    void fail(Span span, std::string_view why);
    void too_large(Span span, std::size_t limit);
    [[nodiscard]] bool failed() const { return error_.has_value(); }
    [[nodiscard]] const std::optional<Error>& error() const { return error_; }

    /// Null, with an error, where there is no variable of that name.
    [[nodiscard]] const Value* variable(Span span, std::string_view name);
    void declare(std::string_view name, const Value& value);
    void assign(Span span, std::string_view name, const Value& value);
    /// How many there are, and back to as many.
    [[nodiscard]] std::size_t visible() const { return variables_.size(); }
    void forget_beyond(std::size_t visible) { variables_.resize(visible); }

    /// The template's own words.
    [[nodiscard]] std::string source(Span span) const;

  private:
    [[nodiscard]] Value* find(Span span, std::string_view name);

    const ExecuteLimits& limits_;
    const Body* body_ = nullptr;
    std::vector<std::pair<std::string, Value>> variables_;
    std::optional<Error> error_;
    std::size_t steps_ = 0;
    std::size_t function_bytes_ = 0;
    int depth_ = 0;
};

}  // namespace pilotlight::tmpl
