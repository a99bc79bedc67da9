#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/time.h"
#include "probes/probe.h"

namespace pilotlight::probes {

/// Compares the certificates that one target shows from probe to probe: a new issuer, a new key.
/// Several servers may answer for it by turns: what was seen a short while ago is nothing new.
/// Lives as long as the target does, through reloads; a restart begins anew. Thread: one owner.
class CertificateWatch {
  public:
    /// How long what was seen is nothing new, and how many are kept.
    static constexpr Duration kKnown = std::chrono::hours(24);
    static constexpr std::size_t kKept = 8;
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
    struct Seen {
        std::string issuer;
        std::string key;
        WallTime at{};
    };
    /// Keeps what is shown now; whether it was seen within kKnown.
    bool is_known(const ShownCertificate& now, WallTime at);
    void tell(Report& report) const;

    std::optional<ShownCertificate> last_;
    /// The one seen longest ago first.
    std::vector<Seen> seen_;
    std::optional<WallTime> issuer_changed_;
    std::optional<WallTime> key_changed_;
    std::string last_change_;
};

}  // namespace pilotlight::probes
