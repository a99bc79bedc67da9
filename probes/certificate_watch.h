#pragma once

#include <optional>
#include <string>

#include "core/time.h"
#include "probes/probe.h"

namespace pilotlight::probes {

/// Compares the certificates that one target shows from probe to probe: a new issuer, a new key.
/// Lives as long as the target does, through reloads; a restart begins anew. Thread: one owner.
class CertificateWatch {
  public:
    /// How long a change is named in the text of a failure.
    static constexpr Duration kTold = std::chrono::hours(24);

    /// Takes what the probe at `at` was shown, if anything, and adds to the report
    /// probe_tls_issuer_changed_timestamp_seconds and probe_tls_key_changed_timestamp_seconds, each
    /// once there was such a change. Returns one line for the log where something has changed with
    /// this probe, else "".
    [[nodiscard]] std::string observe(Report& report, WallTime at);

    /// What to add to the text of an outcome: of a failure in phase "tls" what has changed within
    /// kTold before `at`, else "".
    [[nodiscard]] std::string remark(const Outcome& outcome, WallTime at) const;

  private:
    void tell(Report& report) const;

    std::optional<ShownCertificate> last_;
    std::optional<WallTime> issuer_changed_;
    std::optional<WallTime> key_changed_;
    std::string last_change_;
};

}  // namespace pilotlight::probes
