#pragma once

#include <vector>

#include "config/options.h"
#include "core/document.h"
#include "runtime/tls.h"

namespace pilotlight::alerting {

struct ReadContext;

/// Reads a `tls_config`, whose files must be readable and fit together.
[[nodiscard]] runtime::TlsSettings read_tls_options(const Node& node, ReadContext& context);
[[nodiscard]] std::vector<config::OptionDoc> tls_option_docs();

}  // namespace pilotlight::alerting
