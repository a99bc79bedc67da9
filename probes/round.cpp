#include "probes/round.h"

#include <fmt/format.h>

#include <utility>

#include "core/check.h"

namespace pilotlight::probes {

std::optional<Asked> Round::take(Asked asked, const Judged& judged) {
    if (judged.step == Judged::Step::ask_again) {
        if (asked.run.outcome.verdict != Verdict::failed) return std::nullopt;
        if (!first_) first_ = Blip{asked.run.outcome, asked.run.evidence, asked.run.started_at};
        newest_failure_ = std::move(asked);
        return std::nullopt;
    }
    if (judged.step == Judged::Step::tell_failure) {
        PILOT_CHECK(newest_failure_.has_value());
        asked = std::move(*newest_failure_);
    }
    if (judged.is_blip) asked.run.blip = first_;
    if (judged.confirmed_by > 0) {
        asked.run.failing_since = first_->at;
        asked.run.outcome.detail += fmt::format(" (confirmed by {} more {})", judged.confirmed_by,
                                                judged.confirmed_by == 1 ? "probe" : "probes");
    }
    return asked;
}

}  // namespace pilotlight::probes
