#pragma once

#include <string>

#include "core/document.h"

namespace pilotlight::alerting {

/// The alerting file as YAML that Alertmanager reads again, every secret in it `<secret>`:
/// passwords, tokens and keys by their names, addresses that are secrets themselves (a webhook's
/// url), user and password of any other, and what came from the environment. Keys and their order
/// are the file's; its comments are gone.
[[nodiscard]] std::string redacted_yaml(const Node& root);

}  // namespace pilotlight::alerting
