// Writing 200,000 series as Prometheus text: exporters/text_writer beside prometheus-cpp's
// serializer, in one run on the same series. Collecting is not counted for either.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <map>

#include "exporters/text_writer.h"

namespace {

using namespace pilotlight;

constexpr int kTargets = 5000;
constexpr int kSeriesPerTarget = 40;

std::shared_ptr<const SampleBatch> make_batch(int number) {
    auto batch = std::make_shared<SampleBatch>();
    const std::string target = fmt::format("target-{}", number);
    const std::string instance = fmt::format("https://host-{}.example.com/health", number);
    for (int i = 0; i < kSeriesPerTarget; ++i) {
        const std::string name = fmt::format("probe_http_metric_{}_seconds", i);
        const std::string phase = fmt::format("phase-{}", i % 5);
        // A third are whole numbers, as among real samples.
        const double value = i % 3 == 0 ? number : 0.001 * number + 0.1 * i;
        batch->samples.push_back({Labels{{kMetricName, name},
                                         {"target", target},
                                         {"instance", instance},
                                         {"prober", "http"},
                                         {"service", "application"},
                                         {"phase", phase}},
                                  value});
    }
    return batch;
}

const exporters::Snapshot& snapshot() {
    static const exporters::Snapshot kSnapshot = [] {
        exporters::Snapshot made;
        for (int i = 0; i < kTargets; ++i) {
            exporters::TargetView& target = made.targets.emplace_back();
            target.prober = "http";
            target.newest = make_batch(i);
        }
        return made;
    }();
    return kSnapshot;
}

std::vector<prometheus::MetricFamily> families() {
    std::map<std::string, prometheus::MetricFamily> by_name;
    for (const exporters::TargetView& target : snapshot().targets) {
        for (const Sample& sample : target.newest->samples) {
            const std::string name(sample.labels.metric_name());
            prometheus::MetricFamily& family = by_name[name];
            family.name = name;
            family.help = "Described.";
            family.type = prometheus::MetricType::Gauge;
            prometheus::ClientMetric metric;
            for (const Label label : sample.labels) {
                if (label.name == kMetricName) continue;
                metric.label.push_back({std::string(label.name), std::string(label.value)});
            }
            metric.gauge.value = sample.value;
            family.metric.push_back(std::move(metric));
        }
    }
    std::vector<prometheus::MetricFamily> all;
    for (auto& [name, family] : by_name)
        all.push_back(std::move(family));
    return all;
}

void text_writer(benchmark::State& state) {
    const exporters::FamilyLookup lookup = [](std::string_view) {
        return exporters::Description{MetricType::gauge, "Described."};
    };
    std::size_t bytes = 0;
    for (auto _ : state) {
        bytes = exporters::write_metrics(snapshot(), nullptr, lookup, {})->size();
    }
    state.counters["series"] = kTargets * kSeriesPerTarget;
    state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(text_writer)->Unit(benchmark::kMillisecond)->MinTime(2);

void prometheus_cpp(benchmark::State& state) {
    const std::vector<prometheus::MetricFamily> collected = families();
    const prometheus::TextSerializer serializer;
    std::size_t bytes = 0;
    for (auto _ : state)
        bytes = serializer.Serialize(collected).size();
    state.counters["series"] = kTargets * kSeriesPerTarget;
    state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(prometheus_cpp)->Unit(benchmark::kMillisecond)->MinTime(2);

}  // namespace

BENCHMARK_MAIN();
