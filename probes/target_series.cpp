#include "probes/target_series.h"

#include <algorithm>
#include <deque>
#include <map>

#include "core/check.h"
#include "core/utf8.h"
#include "probes/catalogue.h"

namespace pilotlight::probes {
namespace {

Measurement failure_info(const Outcome& outcome) {
    return {"probe_failure_info", 1, {{"phase", outcome.phase}, {"reason", outcome.reason}}};
}

/// Unambiguous: no name has a byte 0xff, which is not UTF-8.
void join_key(const Measurement& measurement, std::string& key) {
    key = measurement.name;
    for (const auto& [name, value] : measurement.labels) {
        key += '\xff';
        key += name;
        key += '\xff';
        key += value;
    }
}

/// Takes `part` off the front of `key`.
bool take(std::string_view& key, std::string_view part) {
    if (!key.starts_with(part)) return false;
    key.remove_prefix(part.size());
    return true;
}

/// Whether join_key() would give `key`.
bool has_key(const Measurement& measurement, std::string_view key) {
    if (!take(key, measurement.name)) return false;
    for (const auto& [name, value] : measurement.labels) {
        if (!take(key, "\xff") || !take(key, name) || !take(key, "\xff") || !take(key, value)) {
            return false;
        }
    }
    return key.empty();
}

/// What may be said again without a new look. A counter may not: it would stand still, and a rate
/// over it fall to nothing.
bool says_how_it_is(const Sample& sample) {
    const CatalogueEntry* entry = find_metric(sample.labels.metric_name());
    return entry != nullptr && entry->type == MetricType::gauge;
}

}  // namespace

void TargetSeries::retarget(SharedTarget target) {
    PILOT_CHECK(target->labels == target_->labels);
    target_ = std::move(target);
}

Labels TargetSeries::whole_labels(const Measurement& measurement, bool honor_labels) const {
    std::vector<Label> all;
    std::deque<std::string> mended;
    all.reserve(measurement.labels.size() + target_->labels.size() + 1);
    for (const auto& [name, value] : measurement.labels) {
        if (value.empty()) continue;
        const bool valid = is_valid_utf8(value);
        all.push_back({name, valid ? value : mended.emplace_back(to_valid_utf8(value))});
    }
    const auto theirs = [&](std::string_view name) {
        return std::ranges::find(all.begin(), all.end(), name, &Label::name);
    };
    std::deque<std::string> renamed;
    for (const Label own : target_->labels) {
        const auto clash = theirs(own.name);
        if (clash == all.end()) {
            all.push_back(own);
        } else if (!honor_labels) {
            std::string& name = renamed.emplace_back(fmt::format("exported_{}", own.name));
            while (theirs(name) != all.end())
                name.insert(0, "exported_");
            all.push_back({name, clash->value});
            *theirs(own.name) = own;
        }
    }
    all.push_back({kMetricName, measurement.name});
    return Labels::from(all);
}

TargetSeries::KnownSeries::value_type& TargetSeries::find_or_make(const Measurement& measurement,
                                                                  bool honor_labels) {
    if (likely_ < order_.size() && has_key(measurement, order_[likely_]->first)) {
        return *order_[likely_++];
    }
    join_key(measurement, key_);
    auto found = known_.find(key_);
    if (found == known_.end()) {
        Known known{whole_labels(measurement, honor_labels)};
        return *known_.emplace(key_, std::move(known)).first;
    }
    // One already seen in this report stands elsewhere now.
    if (found->second.seen != run_) likely_ = found->second.position + 1;
    return *found;
}

void TargetSeries::add(const Measurement& measurement, bool honor_labels, Making& making) {
    KnownSeries::value_type& found = find_or_make(measurement, honor_labels);
    Known& known = found.second;
    if (known.seen == run_) return;
    known.seen = run_;
    known.position = making.order.size();
    making.order.push_back(&found);
    known.timed = measurement.at.has_value();
    if (known.timed) {
        making.timed[*measurement.at].push_back({known.labels, measurement.value});
    } else {
        making.batch->samples.push_back({known.labels, measurement.value});
    }
}

void TargetSeries::end_vanished(Making& making) {
    order_ = std::move(making.order);
    likely_ = 0;
    if (order_.size() == known_.size()) return;
    std::erase_if(known_, [&](const auto& item) {
        const Known& known = item.second;
        if (known.seen == run_) return false;
        if (!known.timed) making.batch->samples.push_back({known.labels, stale_marker()});
        return true;
    });
}

SharedBatch TargetSeries::repeated(WallTime at) const {
    auto batch = std::make_shared<SampleBatch>();
    batch->at = at;
    if (last_judged_ == nullptr) return batch;
    batch->families = last_judged_->families;
    batch->samples.reserve(last_judged_->samples.size());
    for (const Sample& sample : last_judged_->samples) {
        if (is_stale(sample.value)) continue;
        batch->samples.push_back(
            {sample.labels, says_how_it_is(sample) ? sample.value : stale_marker()});
    }
    return batch;
}

ProbeSamples TargetSeries::make(const Report& report, WallTime started_at,
                                std::chrono::nanoseconds duration) {
    if (report.outcome.verdict == Verdict::unknown) return {repeated(started_at), {}};
    ++run_;
    Making making;
    making.batch = std::make_shared<SampleBatch>();
    making.batch->at = started_at;
    making.batch->families = report.families;
    making.batch->samples.reserve(report.measurements.size() + 3);
    making.order.reserve(report.measurements.size() + 3);

    const bool ok = report.outcome.verdict == Verdict::ok;
    const double seconds = std::chrono::duration<double>(duration).count();
    // Ours first: of a name given twice the first stays.
    add({"probe_success", ok ? 1.0 : 0.0}, false, making);
    add({"probe_duration_seconds", seconds}, false, making);
    if (!ok) add(failure_info(report.outcome), false, making);
    for (const Measurement& each : report.measurements)
        add(each, report.honor_labels, making);
    end_vanished(making);

    ProbeSamples made;
    last_judged_ = made.batch = std::move(making.batch);
    for (auto& [at, samples] : making.timed) {
        auto batch = std::make_shared<SampleBatch>();
        batch->at = at;
        batch->samples = std::move(samples);
        made.timed.push_back(std::move(batch));
    }
    return made;
}

SharedBatch TargetSeries::end(WallTime at) {
    ++run_;
    Making making;
    making.batch = std::make_shared<SampleBatch>();
    making.batch->at = at;
    end_vanished(making);
    last_judged_ = nullptr;
    return making.batch;
}

}  // namespace pilotlight::probes
