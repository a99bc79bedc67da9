#pragma once

#include <string>
#include <unordered_map>

#include "core/error.h"
#include "core/labels.h"
#include "core/template/template.h"

namespace pilotlight::rules {

struct TemplateContext;

/// One label or annotation of a rule: a template, parsed once.
struct Text {
    std::string name;
    /// As written.
    std::string source;
    /// Whether nothing in it is to be expanded; then nothing was parsed.
    bool plain = true;
    tmpl::Template parsed;
};

/// A text that is not expanded: what recording rules set.
[[nodiscard]] Text plain_text(std::string name, std::string source);

/// Parses texts of rules, with `$labels`, `$value`, `$externalLabels` and `$externalURL` declared.
/// Thousands of rules often have the same few texts: each is parsed once and shared.
class TextParser {
  public:
    /// Errors are Go's, as of the alert `alert`, with line and column within `source`.
    [[nodiscard]] Result<Text> parse(std::string name, std::string source,
                                     const std::string& alert);

  private:
    std::unordered_map<std::string, tmpl::Template> parsed_;
};

/// The dot of an alert's texts: `.Labels` (of the row, metric name included), `.Value`,
/// `.ExternalLabels`, `.ExternalURL`.
[[nodiscard]] tmpl::Value text_data(const TemplateContext& context, const Labels& row,
                                    double value);

/// Expands. Where that fails the text is `<error expanding template: ...>`: an alert whose text is
/// broken goes out all the same.
[[nodiscard]] std::string expand(const Text& text, const std::string& alert,
                                 const tmpl::Value& data, TemplateContext& context,
                                 const tmpl::Functions& functions);

}  // namespace pilotlight::rules
