#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/template/functions.h"
#include "core/template/value.h"

namespace pilotlight::tmpl {

struct Tree;

/// What one execution may cost before it is an error, so that no text can stall the daemon.
struct ExecuteLimits {
    std::size_t steps = 1'000'000;
    std::size_t output_bytes = 1 << 20;
    /// What a function takes or makes at once, whole lists included.
    std::size_t value_bytes = 64 << 20;
    /// All texts that functions take and make, together.
    std::size_t function_bytes = 64 << 20;
    /// Templates that invoke templates.
    std::size_t depth = 100;
};

/// A parsed text and the templates that it and earlier texts define. Immutable once built and
/// cheap to copy; any thread may execute it.
///
/// Differences from Go 1.24's text/template: nothing to `call`, no channels, functions or complex
/// numbers; every integer is an int64 and every other number a double.
class Template {
  public:
    Template() = default;

    /// Parses `text`; `name` is how errors call it. `functions` are the ones that exist besides
    /// Go's own; only their names are looked at. Errors read as Go's: `template: NAME:LINE:
    /// function "x" not defined`; Error::where has line and column within `text`, file empty.
    [[nodiscard]] static Result<Template> parse(std::string_view name, std::string_view text,
                                                const Functions& functions);

    /// Parses one more text into the same set: its `define`s replace those of the same name.
    [[nodiscard]] Result<Template> with(std::string_view name, std::string_view text,
                                        const Functions& functions) const;

    /// Whether a template of that name was parsed or defined.
    [[nodiscard]] bool has(std::string_view name) const;

    /// Executes the newest text with `data` as the dot. `functions` must have every name that was
    /// known at parsing. Errors: `template: NAME:LINE:COL: executing "NAME" at <x>: why`.
    [[nodiscard]] Result<std::string> execute(const Value& data, const Functions& functions,
                                              const ExecuteLimits& limits = {}) const;
    /// Executes the template of that name.
    [[nodiscard]] Result<std::string> execute(std::string_view name, const Value& data,
                                              const Functions& functions,
                                              const ExecuteLimits& limits = {}) const;

  private:
    std::shared_ptr<const Tree> tree_;
};

}  // namespace pilotlight::tmpl
