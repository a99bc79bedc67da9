#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/matcher.h"
#include "core/time.h"
#include "rules/alert_states.h"
#include "rules/series_by_row.h"
#include "series/store.h"

namespace pilotlight::rules {

/// One selector that an alerting rule rests on.
struct Source {
    Matchers matchers;
    /// How far back it reads.
    Duration reach{};
    /// Whether the series' absence says that all is well, as of probe_failure_info.
    bool absence_is_fine = false;

    bool operator==(const Source&) const = default;
};

/// What a rule rests on, and whether a row that is gone was seen to be false or just not seen.
/// The rule is written down at Engine.
class Sources {
  public:
    /// More selectors than bits of Evidence are left out of account.
    static constexpr std::size_t kSourcesMax = 64;
    /// Targets remembered for one alert: one over all of a large fleet rests on no single one.
    static constexpr std::size_t kTargetsMax = 64;

    Sources() = default;
    explicit Sources(std::vector<Source> sources);

    struct View {
        const series::Store& store;
        WallTime now;
        Duration lookback{};
        const std::function<bool(std::string_view)>& is_configured;
        /// Of this one evaluation.
        mutable SeriesByRow series_by_row{};
    };

    [[nodiscard]] Evidence evidence(const Labels& row, const View& view) const;
    [[nodiscard]] Ending ending(const ActiveAlert& alert, const View& view) const;
    /// Whether data that an evaluation for the target (for all, where it is "") failed on is not
    /// there any more though a target that it came from is configured, and does not say so itself.
    [[nodiscard]] bool is_silent(std::string_view target, const Evidence& evidence,
                                 const View& view) const;

    /// The widest range of all.
    [[nodiscard]] Duration reach() const { return reach_; }
    [[nodiscard]] const std::vector<Source>& all() const { return sources_; }

    bool operator==(const Sources&) const = default;

  private:
    [[nodiscard]] bool is_over(const Evidence& evidence, const Labels& row, const View& view) const;
    /// Whether nothing of the evidence is fresh for the target, which does not answer.
    [[nodiscard]] bool is_mute(const std::string& target, const Evidence& evidence,
                               const View& view) const;

    std::vector<Source> sources_;
    Duration reach_{};
};

/// Whether the series' newest sample is one, and still valid.
[[nodiscard]] bool is_fresh(const series::Series& series, const Sources::View& view);
/// Whether the target's last probe or scrape is recent and was answered.
[[nodiscard]] bool answers(std::string_view target, const Sources::View& view);

}  // namespace pilotlight::rules
