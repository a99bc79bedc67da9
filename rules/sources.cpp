#include "rules/sources.h"

#include <algorithm>

#include "rules/narrowed_expr.h"
#include "rules/row_match.h"

namespace pilotlight::rules {

namespace {

/// A restored alert waits no longer than this for ranges to fill again.
constexpr Duration kRefillMax = std::chrono::hours(1);

/// Whether the row's target is another one now, of the same name: its newest probe speaks of other
/// labels (another address, say), so that what the row speaks of is not watched any more.
bool is_replaced(const Labels& row, const Sources::View& view) {
    const std::string_view target = row.get(kTargetLabel);
    if (target.empty()) return false;
    bool replaced = false;
    for (const std::string_view name : {"up", "probe_success"}) {
        auto by_name =
            Matcher::make(std::string(kMetricName), Matcher::Op::equal, std::string(name));
        auto by_target =
            Matcher::make(std::string(kTargetLabel), Matcher::Op::equal, std::string(target));
        if (!by_name || !by_target) return false;
        const Matchers matchers = {std::move(*by_name), std::move(*by_target)};
        for (const auto* series : view.store.select(matchers)) {
            if (!is_fresh(*series, view)) continue;
            if (shares_labels(series->labels(), row)) return false;
            replaced = true;
        }
    }
    return replaced;
}

enum class Sight { present, settled, silent };

/// `all_answer`: every configured target that the alert rests on answers.
Sight sight_of(const Source& source, const Labels& row, bool all_answer,
               const Sources::View& view) {
    for (const auto* series : view.series_by_row.find(source.matchers, row, view.store)) {
        if (is_fresh(*series, view)) return Sight::present;
    }
    if (!all_answer) return Sight::silent;
    return source.absence_is_fine ? Sight::present : Sight::settled;
}

}  // namespace

bool is_fresh(const series::Series& series, const Sources::View& view) {
    const auto newest = series.newest();
    // A sample of the future is none: the clock was set back.
    if (is_stale(newest.value) || newest.at > view.now) return false;
    return view.now - newest.at <= std::max(view.lookback, series.lookback());
}

bool answers(std::string_view target, const Sources::View& view) {
    bool answered = false;
    for (const std::string_view name : {"up", "probe_success"}) {
        auto by_name =
            Matcher::make(std::string(kMetricName), Matcher::Op::equal, std::string(name));
        auto by_target =
            Matcher::make(std::string(kTargetLabel), Matcher::Op::equal, std::string(target));
        if (!by_name || !by_target) return false;
        const Matchers matchers = {std::move(*by_name), std::move(*by_target)};
        for (const auto* series : view.store.select(matchers)) {
            if (!is_fresh(*series, view)) continue;
            if (series->newest().value != 1) return false;
            answered = true;
        }
    }
    return answered;
}

Sources::Sources(std::vector<Source> sources) : sources_(std::move(sources)) {
    if (sources_.size() > kSourcesMax) sources_.resize(kSourcesMax);
    for (const auto& source : sources_)
        reach_ = std::max(reach_, source.reach);
}

Evidence Sources::evidence(const Labels& row, const View& view) const {
    Evidence evidence;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
        for (const auto* series : view.series_by_row.find(sources_[i].matchers, row, view.store)) {
            if (!is_fresh(*series, view)) continue;
            evidence.selectors |= std::uint64_t{1} << i;
            evidence.valid_for = std::max({evidence.valid_for, view.lookback, series->lookback()});
            const std::string_view target = series->labels().get(kTargetLabel);
            auto& targets = evidence.targets;
            if (target.empty() || targets.size() >= kTargetsMax) continue;
            if (std::ranges::find(targets, target) == targets.end()) targets.emplace_back(target);
        }
    }
    return evidence;
}

Ending Sources::ending(const ActiveAlert& alert, const View& view) const {
    const auto& [selectors, targets, valid_for] = alert.evidence;
    if (selectors == 0) return Ending::over;
    const auto configured = [&](const std::string& target) {
        return !view.is_configured || view.is_configured(target);
    };
    if (!targets.empty() && std::ranges::none_of(targets, configured)) return Ending::removed;
    if (is_replaced(alert.row, view)) return Ending::removed;
    if (alert.restored_at && view.now - *alert.restored_at < std::min(reach_, kRefillMax)) {
        return Ending::unready;
    }
    return is_over(alert.evidence, alert.row, view) ? Ending::over : Ending::silent;
}

bool Sources::is_over(const Evidence& evidence, const Labels& row, const View& view) const {
    const auto& [selectors, targets, valid_for] = evidence;
    const auto configured = [&](const std::string& target) {
        return !view.is_configured || view.is_configured(target);
    };
    const bool all_answer =
        !targets.empty() && std::ranges::all_of(targets, [&](const std::string& target) {
            return !configured(target) || answers(target, view);
        });
    bool any_present = false;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
        if ((selectors >> i & 1U) == 0) continue;
        switch (sight_of(sources_[i], row, all_answer, view)) {
            case Sight::silent:
                return false;
            case Sight::present:
                any_present = true;
                break;
            case Sight::settled:
                break;
        }
    }
    return any_present;
}

bool Sources::is_mute(const std::string& target, const Evidence& evidence, const View& view) const {
    if (answers(target, view)) return false;
    const Labels row{{kTargetLabel, target}};
    for (std::size_t i = 0; i < sources_.size(); ++i) {
        if ((evidence.selectors >> i & 1U) == 0) continue;
        const auto found = view.series_by_row.find(sources_[i].matchers, row, view.store);
        const bool fresh = std::ranges::any_of(found, [&](const series::Series* series) {
            return series->labels().get(kTargetLabel) == target && is_fresh(*series, view);
        });
        if (fresh) return false;
    }
    return true;
}

bool Sources::is_silent(std::string_view target, const Evidence& evidence, const View& view) const {
    const auto configured = [&](std::string_view name) {
        return !view.is_configured || view.is_configured(name);
    };
    if (evidence.selectors == 0) return false;
    if (!target.empty()) {
        return configured(target) && !is_over(evidence, Labels{{kTargetLabel, target}}, view);
    }
    return std::ranges::any_of(evidence.targets, [&](const std::string& name) {
        return configured(name) && is_mute(name, evidence, view);
    });
}

}  // namespace pilotlight::rules
