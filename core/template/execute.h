#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/template/template.h"
#include "core/template/tree.h"

namespace pilotlight::tmpl {

/// See Template::execute.
[[nodiscard]] Result<std::string> execute_tree(const Tree& tree, std::string_view name,
                                               const Value& data, const Functions& functions,
                                               const ExecuteLimits& limits);

}  // namespace pilotlight::tmpl
