#pragma once

#include <string>

#include "runtime/tls.h"

namespace pilotlight::runtime {

/// What the settings allow, for people: "TLS 1.2 at least", "TLS 1.1 to TLS 1.2".
[[nodiscard]] std::string allowed_versions(const TlsSettings& settings);

/// The settings of somebody who only looks: any version, any certificate.
[[nodiscard]] TlsSettings any_version(TlsSettings settings);

}  // namespace pilotlight::runtime
