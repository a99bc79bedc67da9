#include "runtime/tls_versions.h"

#include <string_view>
#include <utility>

namespace pilotlight::runtime {

namespace {

struct VersionName {
    std::string_view key;
    std::string_view name;
    TlsVersion version;
};
constexpr VersionName kVersions[] = {{"TLS10", "TLS 1.0", TlsVersion::tls10},
                                     {"TLS11", "TLS 1.1", TlsVersion::tls11},
                                     {"TLS12", "TLS 1.2", TlsVersion::tls12},
                                     {"TLS13", "TLS 1.3", TlsVersion::tls13}};

std::string_view name_of(TlsVersion version) {
    return kVersions[static_cast<std::size_t>(version)].name;
}

}  // namespace

std::optional<TlsVersion> parse_tls_version(std::string_view text) {
    for (const VersionName& row : kVersions) {
        if (row.key == text) return row.version;
    }
    return std::nullopt;
}

std::string allowed_versions(const TlsSettings& settings) {
    std::string text(name_of(settings.min_version.value_or(TlsVersion::tls12)));
    if (!settings.max_version) return text + " at least";
    return text.append(" to ").append(name_of(*settings.max_version));
}

TlsSettings any_version(TlsSettings settings) {
    settings.min_version = TlsVersion::tls10;
    settings.max_version.reset();
    settings.insecure_skip_verify = true;
    return settings;
}

}  // namespace pilotlight::runtime
