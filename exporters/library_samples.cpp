#include "exporters/library_samples.h"

#include <fmt/format.h>
#include <prometheus/metric_family.h>

#include <cmath>
#include <string>
#include <vector>

namespace pilotlight::exporters {
namespace {

MetricType type_of(prometheus::MetricType type) {
    switch (type) {
        case prometheus::MetricType::Counter:
            return MetricType::counter;
        case prometheus::MetricType::Gauge:
            return MetricType::gauge;
        case prometheus::MetricType::Histogram:
            return MetricType::histogram;
        case prometheus::MetricType::Summary:
            return MetricType::summary;
        default:
            return MetricType::unknown;
    }
}

/// A bucket's bound as Go's clients write it: it is a label, so that its form matters.
std::string bound(double upper) {
    return std::isinf(upper) ? "+Inf" : fmt::format("{}", upper);
}

/// Writes one metric of the library as samples under whole label sets.
class Flattened {
  public:
    Flattened(const prometheus::MetricFamily& family, SampleBatch& out)
        : family_(family), out_(out) {}

    void add(const prometheus::ClientMetric& metric) {
        switch (family_.type) {
            case prometheus::MetricType::Counter:
                add("", metric, metric.counter.value);
                break;
            case prometheus::MetricType::Gauge:
                add("", metric, metric.gauge.value);
                break;
            case prometheus::MetricType::Histogram:
                add_histogram(metric);
                break;
            default:
                break;
        }
    }

  private:
    void add_histogram(const prometheus::ClientMetric& metric) {
        for (const auto& bucket : metric.histogram.bucket) {
            add("_bucket", metric, static_cast<double>(bucket.cumulative_count),
                bound(bucket.upper_bound));
        }
        add("_sum", metric, metric.histogram.sample_sum);
        add("_count", metric, static_cast<double>(metric.histogram.sample_count));
    }

    void add(std::string_view suffix, const prometheus::ClientMetric& metric, double value,
             std::string_view le = {}) {
        const std::string name = family_.name + std::string(suffix);
        std::vector<Label> labels{{kMetricName, name}};
        for (const auto& label : metric.label)
            labels.push_back({label.name, label.value});
        if (!le.empty()) labels.push_back({"le", le});
        out_.samples.push_back({Labels::from(labels), value});
    }

    const prometheus::MetricFamily& family_;
    SampleBatch& out_;
};

}  // namespace

void append_family(const prometheus::MetricFamily& family, SampleBatch& to) {
    to.families.push_back({family.name, type_of(family.type), family.help});
    Flattened flattened(family, to);
    for (const prometheus::ClientMetric& metric : family.metric)
        flattened.add(metric);
}

}  // namespace pilotlight::exporters
