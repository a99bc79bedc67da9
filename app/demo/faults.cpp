#include "app/demo/faults.h"

#include "core/check.h"

namespace pilotlight::app::demo {
namespace {

constexpr FaultKind kKinds[] = {
    {"app-down", "the application answers 503", "ApplicationDown"},
    {"error-rate", "one request in five fails", "HighErrorRate"},
    {"slow", "the health endpoint takes 2.5 s", "SlowResponses"},
    {"certificate-expired", "the TLS server presents an expired certificate", "CertificateExpired"},
    {"certificate-expiring", "the TLS server's certificate ends in 10 days",
     "CertificateExpiringSoon"},
    {"backup-stale", "the heartbeat file is not written any more", "BackupFailure"},
};

std::optional<std::size_t> index_of(std::string_view name) {
    for (std::size_t i = 0; i < std::size(kKinds); ++i) {
        if (kKinds[i].name == name) return i;
    }
    return std::nullopt;
}

}  // namespace

std::span<const FaultKind> fault_kinds() {
    return kKinds;
}

bool Faults::switch_on(std::string_view name, SteadyTime until) {
    static_assert(std::size(kKinds) <= std::tuple_size_v<decltype(until_)>);
    const auto index = index_of(name);
    if (!index) return false;
    const std::scoped_lock lock(mutex_);
    until_[*index] = until;
    return true;
}

bool Faults::switch_off(std::string_view name) {
    return switch_on(name, SteadyTime{});
}

bool Faults::is_on(std::string_view name, SteadyTime now) const {
    const auto index = index_of(name);
    PILOT_CHECK(index.has_value());
    const std::scoped_lock lock(mutex_);
    return now < until_[*index];
}

}  // namespace pilotlight::app::demo
