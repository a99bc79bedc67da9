#pragma once

#include <string>

#include "core/error.h"
#include "core/template/template.h"

namespace pilotlight::rules {

class TemplateContext;

/// One label or annotation of a rule: a template, parsed once.
struct Text {
    std::string name;
    /// As written.
    std::string source;
    tmpl::Template parsed;
    /// Whether nothing in it is to be expanded.
    bool plain = true;
};

/// Parses with `$labels`, `$value`, `$externalLabels` and `$externalURL` declared, as the rule
/// `rule` has it. Errors are Go's, with line and column within `source`.
[[nodiscard]] Result<Text> parse_text(std::string name, std::string source,
                                      const std::string& rule);

}  // namespace pilotlight::rules
