#pragma once

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/options.h"
#include "core/error.h"
#include "core/evidence.h"
#include "core/sample.h"
#include "runtime/deadline.h"

namespace pilotlight::runtime {
class Services;
}

/// A probe asks one target one question before a deadline and returns what it saw. It keeps no
/// judgement between runs, knows no series, and never throws for a broken target.
namespace pilotlight::probes {

/// `unknown`: the prober itself could not judge (no descriptors, no route from here, resolver
/// dead); it changes no target's state and raises Pilotlight's own alarm.
enum class Verdict { ok, failed, unknown };

/// "ok", "failed", "unknown": the label `result` of pilotlight_probes_total.
[[nodiscard]] std::string_view to_string(Verdict verdict);

struct Outcome {
    Verdict verdict = Verdict::ok;
    /// Where it broke off: "resolve", "connect", "tls", "request", "response", "body", "query", ...
    /// and why, from a closed set: "timeout", "refused", "nxdomain", "certificate_expired",
    /// "status", ... Both are labels of probe_failure_info; empty when ok.
    std::string phase;
    std::string reason;
    /// One line for people: what was expected and what came. No secrets.
    std::string detail;

    [[nodiscard]] static Outcome ok() { return {}; }
    [[nodiscard]] static Outcome failed(std::string phase, std::string reason, std::string detail) {
        return {Verdict::failed, std::move(phase), std::move(reason), std::move(detail)};
    }
    [[nodiscard]] static Outcome unknown(std::string phase, std::string reason,
                                         std::string detail) {
        return {Verdict::unknown, std::move(phase), std::move(reason), std::move(detail)};
    }
};

/// One measured value, still without the target's labels; the runner adds those.
struct Measurement {
    std::string name;
    double value = 0;
    std::vector<std::pair<std::string, std::string>> labels = {};
    /// The time that a scraped line gave; otherwise the probe's start.
    std::optional<WallTime> at = {};
};

class Redaction;

/// Of a server's own certificate, what is compared with the next probe's.
struct ShownCertificate {
    std::string subject;
    std::string issuer;
    /// As runtime::Certificate has it.
    std::string public_key_sha256;

    bool operator==(const ShownCertificate&) const = default;
};

struct Report {
    Outcome outcome;
    std::vector<Measurement> measurements = {};
    /// Types and help of names outside the shared catalogue (probes/catalogue.h): what a scraped
    /// target declares.
    std::vector<MetricFamily> families = {};
    /// Whether a measurement's label wins over the target's own of the same name.
    bool honor_labels = false;
    /// What was seen, where somebody may want to know: Prober::wants_evidence(). Null for most.
    std::shared_ptr<Evidence> evidence = {};
    /// Of the last connection over TLS, if any.
    std::optional<ShownCertificate> certificate = {};
};

struct HeartbeatOptions;

class Prober {
  public:
    Prober() = default;
    Prober(const Prober&) = delete;
    Prober& operator=(const Prober&) = delete;
    virtual ~Prober() = default;

    /// Asks once. Ends by `deadline` with a Report whatever the target does; throws only when the
    /// coroutine is cancelled. Thread: a probe loop. `services` outlive the call.
    virtual boost::asio::awaitable<Report> run(runtime::Services& services,
                                               runtime::Deadline deadline) = 0;

    /// Of a target that speaks by itself: what is expected of it. No runner asks such a one. Null
    /// for all others.
    [[nodiscard]] virtual std::shared_ptr<const HeartbeatOptions> awaits() const { return {}; }

    /// The daemon's own limits, given before the first run; an option may only be stricter.
    void set_limits(const config::Limits& limits) { limits_ = limits; }

    /// Every report is to bring evidence, not only those that are not ok: for people who look on.
    /// Before the first run.
    void always_give_evidence() { always_evidence_ = true; }

    /// What of the target must not be shown; null for nothing. Before the first run.
    void set_redaction(std::shared_ptr<const Redaction> redaction) {
        redaction_ = std::move(redaction);
    }
    [[nodiscard]] const Redaction* redaction() const { return redaction_.get(); }

    /// Takes over from `other` what it was given by the three above.
    void be_like(const Prober& other) {
        limits_ = other.limits_;
        redaction_ = other.redaction_;
        always_evidence_ = other.always_evidence_;
    }

  protected:
    [[nodiscard]] const config::Limits& limits() const { return limits_; }
    /// Whether a report with this outcome is to bring evidence. A probe that is ok pays nothing
    /// for it.
    [[nodiscard]] bool wants_evidence(const Outcome& outcome) const {
        return always_evidence_ || outcome.verdict != Verdict::ok;
    }

  private:
    config::Limits limits_;
    std::shared_ptr<const Redaction> redaction_;
    bool always_evidence_ = false;
};

/// A row of the registry: adding a prober is one file, one row, one test.
struct ProberKind {
    std::string_view name;
    /// Reads and checks `target.options`; does no I/O. Errors carry the option's place.
    Checked<std::unique_ptr<Prober>> (*make)(const config::TargetConfig& target);
    /// The rows of the option table, for docs/configuration.md.
    std::vector<config::OptionDoc> (*options)();
    std::string_view description;
};

/// Every prober, sorted by name.
[[nodiscard]] std::span<const ProberKind> prober_kinds();
[[nodiscard]] const ProberKind* find_prober(std::string_view name);

}  // namespace pilotlight::probes
