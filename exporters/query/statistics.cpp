#include "exporters/query/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "exporters/query/json_text.h"

namespace pilotlight::query {
namespace {

constexpr std::size_t kLimit = 10;
constexpr std::size_t kLimitMax = 10'000;

using Counts = std::unordered_map<std::string, std::uint64_t>;

/// `[{"name":...,"value":...},...]` of the largest.
std::string largest(const Counts& counts, std::size_t limit) {
    std::vector<std::pair<std::string_view, std::uint64_t>> list(counts.begin(), counts.end());
    std::ranges::sort(list, [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    list.resize(std::min(list.size(), limit));
    std::string text;
    char before = '[';
    for (const auto& [name, count] : list) {
        text += std::exchange(before, ',');
        text += "{\"name\":";
        append_string(text, name);
        text += fmt::format(",\"value\":{}}}", count);
    }
    return text + (before == '[' ? "[]" : "]");
}

/// What is counted of the series.
class Statistics {
  public:
    explicit Statistics(const Reading::Copies& copies) {
        for (const series::SeriesCopy& copy : copies)
            add(copy);
    }

    [[nodiscard]] std::string document(std::size_t limit) const {
        Counts values;
        Counts bytes;
        for (const auto& [name, known] : values_) {
            values[name] = known.size();
            for (const std::string& value : known)
                bytes[name] += value.size();
        }
        std::string head =
            fmt::format(R"({{"numSeries":{},"numLabelPairs":{})", series_, pairs_.size());
        if (series_ > 0) {
            head += fmt::format(R"(,"maxTime":{})", newest_.time_since_epoch().count());
        }
        return success_document(fmt::format(
            R"({{"headStats":{}}},"seriesCountByMetricName":{},"labelValueCountByLabelName":{},)"
            R"("memoryInBytesByLabelName":{},"seriesCountByLabelValuePair":{}}})",
            head, largest(names_, limit), largest(values, limit), largest(bytes, limit),
            largest(pairs_, limit)));
    }

  private:
    void add(const series::SeriesCopy& copy) {
        ++series_;
        newest_ = std::max(newest_, copy.newest.at);
        ++names_[std::string(copy.labels.metric_name())];
        for (const Label label : copy.labels) {
            values_[std::string(label.name)].emplace(label.value);
            ++pairs_[fmt::format("{}={}", label.name, label.value)];
        }
    }

    std::uint64_t series_ = 0;
    WallTime newest_ = kFirstTime;
    Counts names_;
    Counts pairs_;
    std::map<std::string, std::unordered_set<std::string>> values_;
};

}  // namespace

Answer<Job> store_statistics(const exporters::Request& request, const Limits& limits) {
    const auto limit = read_limit(request.parameter("limit"));
    if (!limit) return std::unexpected(bad_data("limit must be a positive number"));
    if (*limit == 0 && !request.parameter("limit").empty()) {
        return std::unexpected(bad_data("limit must be a positive number"));
    }
    const std::size_t shown = std::min(*limit == 0 ? kLimit : *limit, kLimitMax);
    Job job;
    job.reads.push_back({{}, kFirstTime, kLastTime});
    job.what = Reading::What::labels_only;
    job.timeout = limits.timeout;
    job.work = [shown](const Reading::Copies& copies, const Over&) {
        return Answer<std::string>(Statistics(copies).document(shown));
    };
    return job;
}

}  // namespace pilotlight::query
