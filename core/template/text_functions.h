#pragma once

#include "core/template/functions.h"

namespace pilotlight::tmpl {

/// What Prometheus's and Alertmanager's templates both have on texts: title, toUpper, toLower,
/// trimSpace, join, match, reReplaceAll, safeHtml, safeUrl, stringSlice, humanizeDuration.
[[nodiscard]] const Functions& text_functions();

/// The text of an argument, or Go's words for a wrong type.
[[nodiscard]] Result<std::string> text_argument(const Value& value);
/// A number of any kind, or a text that reads as one, as Prometheus's functions take it.
[[nodiscard]] Result<double> number_argument(const Value& value);

}  // namespace pilotlight::tmpl
