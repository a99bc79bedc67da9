#include "exporters/query/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "exporters/query/json_text.h"
#include "exporters/query/label_names.h"
#include "rules/promql/parser.h"

namespace pilotlight::query {
namespace {

constexpr std::string_view kTruncated = "results truncated due to limit";

Answer<Matchers> matchers_of(std::string_view text, promql::Compatibility compatibility) {
    const auto refused = [](std::string_view message) {
        return std::unexpected(invalid_parameter("match[]", message));
    };
    const auto parsed =
        promql::parse(text, {.compatibility = compatibility, .text_limit = kExpressionBytesMax});
    if (!parsed) return refused(promql::describe(parsed.error(), text));
    const auto* selector = std::get_if<promql::VectorSelector>(&(*parsed)->node);
    const bool plain = selector != nullptr && !selector->shift.at &&
                       selector->shift.offset.is_zero() &&
                       selector->mode == promql::RangeMode::plain;
    if (!plain) return refused("expected a selector such as up{job=\"x\"}");
    return selector->matchers;
}

/// A read for each `match[]`.
Answer<std::vector<Read>> matched(const exporters::Request& request, WallTime start, WallTime end,
                                  promql::Compatibility compatibility) {
    constexpr std::size_t kMatchersMax = 1000;
    std::vector<Read> reads;
    for (const auto& [name, text] : request.parameters) {
        if (name != "match[]") continue;
        auto matchers = matchers_of(text, compatibility);
        if (!matchers) return std::unexpected(std::move(matchers.error()));
        if (reads.size() == kMatchersMax) {
            return std::unexpected(invalid_parameter(
                "match[]", fmt::format("given more than {} times", kMatchersMax)));
        }
        reads.push_back({std::move(*matchers), start, end});
    }
    return reads;
}

enum class Match { optional, required };

template <class Write>
Answer<Job> make_job(const exporters::Request& request, const Semantics& semantics,
                     const Limits& limits, Match match, Write write) {
    const auto limit = limit_of(request);
    if (!limit) return std::unexpected(limit.error());
    const auto start = optional_time(request, "start", kFirstTime);
    if (!start) return std::unexpected(start.error());
    const auto end = optional_time(request, "end", kLastTime);
    if (!end) return std::unexpected(end.error());
    auto reads = matched(request, *start, *end, semantics.compatibility);
    if (!reads) return std::unexpected(std::move(reads.error()));
    if (reads->empty()) {
        if (match == Match::required) {
            return std::unexpected(bad_data("no match[] parameter provided"));
        }
        reads->push_back({{}, *start, *end});
    }
    if (*end < *start) reads->clear();
    return Job{.reads = std::move(*reads),
               .what = Reading::What::labels_only,
               .timeout = limits.timeout,
               .work = [limit = *limit, write](Reading::Copies copies, const Over&) {
                   return Answer<std::string>(write(std::move(copies), limit));
               }};
}

/// Sorted, each once, as many as the limit allows.
std::string texts_document(const std::unordered_set<std::string_view>& found, std::size_t limit) {
    std::vector<std::string> texts(found.begin(), found.end());
    std::ranges::sort(texts);
    const bool cut = limit > 0 && texts.size() > limit;
    if (cut) texts.resize(limit);
    std::vector<std::string> warnings;
    if (cut) warnings.emplace_back(kTruncated);
    return success_document(string_list(texts), warnings);
}

std::string series_document(Reading::Copies copies, std::size_t limit) {
    std::vector<Labels> found;
    found.reserve(copies.size());
    for (series::SeriesCopy& copy : copies)
        found.push_back(std::move(copy.labels));
    std::ranges::sort(found, std::less<Labels>{});
    const auto repeated = std::ranges::unique(found);
    found.erase(repeated.begin(), repeated.end());
    const bool cut = limit > 0 && found.size() > limit;
    if (cut) found.resize(limit);
    std::string data;
    char before = '[';
    for (const Labels& labels : found) {
        data += std::exchange(before, ',');
        append_labels(data, labels);
    }
    data += before == '[' ? "[]" : "]";
    std::vector<std::string> warnings;
    if (cut) warnings.emplace_back(kTruncated);
    return success_document(data, warnings);
}

}  // namespace

Answer<Job> series_list(const exporters::Request& request, const Semantics& semantics,
                        const Limits& limits) {
    return make_job(request, semantics, limits, Match::required, series_document);
}

Answer<Job> label_names(const exporters::Request& request, const Semantics& semantics,
                        const Limits& limits) {
    return make_job(request, semantics, limits, Match::optional,
                    [](const Reading::Copies& copies, std::size_t limit) {
                        std::unordered_set<std::string_view> found;
                        for (const series::SeriesCopy& copy : copies) {
                            for (const Label label : copy.labels)
                                found.insert(label.name);
                        }
                        return texts_document(found, limit);
                    });
}

Answer<Job> label_values(const exporters::Request& request, std::string_view name,
                         const Semantics& semantics, const Limits& limits) {
    std::string label = unescape_name(name);
    const bool valid = semantics.compatibility == promql::Compatibility::prometheus2
                           ? is_legacy_label_name(label)
                           : is_label_name(label);
    if (!valid) return std::unexpected(bad_data(fmt::format("invalid label name: \"{}\"", label)));
    return make_job(request, semantics, limits, Match::optional,
                    [label = std::move(label)](const Reading::Copies& copies, std::size_t limit) {
                        std::unordered_set<std::string_view> found;
                        for (const series::SeriesCopy& copy : copies) {
                            const std::string_view value = copy.labels.get(label);
                            if (!value.empty()) found.insert(value);
                        }
                        return texts_document(found, limit);
                    });
}

}  // namespace pilotlight::query
