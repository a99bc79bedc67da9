#include "probes/target_series.h"

#include <algorithm>
#include <map>

#include "core/check.h"

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

}  // namespace

void TargetSeries::retarget(SharedTarget target) {
    PILOT_CHECK(target->labels == target_->labels);
    target_ = std::move(target);
}

Labels TargetSeries::whole_labels(const Measurement& measurement, bool honor_labels) const {
    LabelsBuilder labels;
    for (const auto& [name, value] : measurement.labels)
        labels.set(name, value);
    for (const Label own : target_->labels) {
        const std::string theirs(labels.get(own.name));
        if (!theirs.empty()) {
            if (honor_labels) continue;
            std::string renamed = fmt::format("exported_{}", own.name);
            while (!labels.get(renamed).empty())
                renamed.insert(0, "exported_");
            labels.set(renamed, theirs);
        }
        labels.set(own.name, own.value);
    }
    labels.set(kMetricName, measurement.name);
    return labels.build();
}

void TargetSeries::add(const Measurement& measurement, bool honor_labels, Making& making) {
    join_key(measurement, key_);
    auto found = known_.find(key_);
    if (found == known_.end()) {
        Known known{whole_labels(measurement, honor_labels)};
        found = known_.emplace(key_, std::move(known)).first;
    }
    Known& known = found->second;
    if (known.seen == run_) return;
    known.seen = run_;
    ++making.seen;
    known.timed = measurement.at.has_value();
    if (known.timed) {
        making.timed[*measurement.at].push_back({known.labels, measurement.value});
    } else {
        making.batch->samples.push_back({known.labels, measurement.value});
    }
}

void TargetSeries::end_vanished(Making& making) {
    if (making.seen == known_.size()) return;
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
    std::ranges::copy_if(last_judged_->samples, std::back_inserter(batch->samples),
                         [](const Sample& sample) { return !is_stale(sample.value); });
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
