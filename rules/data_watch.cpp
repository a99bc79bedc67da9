#include "rules/data_watch.h"

#include <algorithm>

#include "rules/narrowed_expr.h"

namespace pilotlight::rules {

namespace {

std::vector<const series::Series*> series_of(const Source& source, std::string_view only,
                                             const series::Store& store) {
    if (only.empty()) return store.select(source.matchers);
    Matchers matchers = source.matchers;
    auto target = Matcher::make(std::string(kTargetLabel), Matcher::Op::equal, std::string(only));
    if (target) matchers.push_back(std::move(*target));
    return store.select(matchers);
}

}  // namespace

void DataWatch::note_fresh(const Sources& sources, const Sources::View& view,
                           std::string_view only) {
    for (std::size_t i = 0; i < sources.all().size(); ++i) {
        const Source& source = sources.all()[i];
        if (source.absence_is_fine) continue;
        for (const auto* series : series_of(source, only, view.store)) {
            if (!is_fresh(*series, view)) continue;
            const std::string_view target = series->labels().get(kTargetLabel);
            auto known = seen_.find(target);
            if (known == seen_.end()) {
                if (seen_.size() >= kTargetsMax) continue;
                known = seen_.emplace(target, Seen{}).first;
            }
            Seen& seen = known->second;
            seen.fresh |= std::uint64_t{1} << i;
            seen.last_data = std::max(seen.last_data, series->newest().at);
            seen.valid_for = std::max({seen.valid_for, view.lookback, series->lookback()});
        }
    }
}

std::uint64_t DataWatch::missing(const std::string& target, Seen& seen, const Sources::View& view) {
    const std::uint64_t had = seen.selectors;
    const std::uint64_t now = std::exchange(seen.fresh, 0);
    seen.selectors |= now;
    const std::uint64_t gone = had & ~now;
    if (gone == 0) return 0;
    if (seen.last_data > view.now) {
        // The clock was set back: what looks missing is of the future.
        seen.last_data = view.now;
        looking_since_ = view.now;
        return 0;
    }
    if ((had & now) != 0 && answers(target, view)) {
        // It says the rest and this no longer: a part that ended.
        seen.selectors = now;
        return 0;
    }
    return view.now - looking_since_ > seen.valid_for ? gone : 0;
}

std::vector<DataWatch::Silent> DataWatch::look(const Sources& sources, const Sources::View& view,
                                               std::string_view only) {
    if (std::exchange(was_blind_, false)) looking_since_ = view.now;
    note_fresh(sources, view, only);
    std::vector<Silent> silent;
    const auto judge = [&](const std::string& target, Seen& seen) {
        const std::uint64_t gone = missing(target, seen, view);
        if (gone == 0) return;
        Evidence evidence{gone, {}, seen.valid_for};
        if (!target.empty()) evidence.targets.push_back(target);
        silent.push_back({target, seen.last_data, std::move(evidence)});
    };
    if (!only.empty()) {
        const auto known = seen_.find(only);
        if (known != seen_.end()) judge(known->first, known->second);
        return silent;
    }
    std::erase_if(seen_, [&](const auto& entry) {
        return !entry.first.empty() && view.is_configured && !view.is_configured(entry.first);
    });
    for (auto& [target, seen] : seen_)
        judge(target, seen);
    return silent;
}

void DataWatch::restore(const Evidence& evidence, WallTime now) {
    const std::string target = evidence.targets.empty() ? std::string() : evidence.targets.front();
    Seen& seen = seen_[target];
    seen.selectors |= evidence.selectors;
    seen.valid_for = std::max(seen.valid_for, evidence.valid_for);
    if (seen.last_data == WallTime{}) seen.last_data = now;
}

}  // namespace pilotlight::rules
