#include "exporters/query/descriptions.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_set>

#include "exporters/query/json_text.h"
#include "rules/promql/parser.h"

namespace pilotlight::query {
namespace {

struct Text {
    std::string_view type;
    std::string help;

    bool operator==(const Text&) const = default;
};

/// As Prometheus's API names what the text format calls untyped.
std::string_view type_word(MetricType type) {
    return type == MetricType::unknown ? "unknown" : to_string(type);
}

/// Calls `visit(name, Text)` for each family of the batch, each once.
template <class Visit>
void for_each_family(const SampleBatch& batch, const exporters::FamilyLookup& lookup, Visit visit) {
    std::unordered_set<std::string_view> seen;
    for (const MetricFamily& family : batch.families) {
        if (seen.insert(family.name).second) {
            visit(family.name, Text{type_word(family.type), family.help});
        }
    }
    if (!lookup) return;
    for (const Sample& sample : batch.samples) {
        const std::string_view name = sample.labels.metric_name();
        if (!seen.insert(name).second) continue;
        if (const auto known = lookup(name)) {
            visit(name, Text{type_word(known->type), std::string(known->help)});
        }
    }
}

/// -1 where it is not given.
Answer<long long> count_of(const exporters::Request& request, std::string_view name) {
    const std::string_view text = request.parameter(name);
    long long count = -1;
    if (text.empty()) return count;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, count);
    if (read.ec != std::errc{} || read.ptr != end) {
        return std::unexpected(bad_data(std::string(name) + " must be a number"));
    }
    return count;
}

void append_text(std::string& out, const Text& text) {
    out += "\"type\":";
    append_string(out, text.type);
    out += ",\"help\":";
    append_string(out, text.help);
    out += R"(,"unit":"")";
}

using Metadata = std::map<std::string, std::vector<Text>, std::less<>>;

Metadata gather(const Described& described, std::string_view only) {
    Metadata found;
    const auto add_batch = [&](const SharedBatch& batch) {
        if (batch == nullptr) return;
        for_each_family(*batch, described.lookup, [&](std::string_view name, Text text) {
            if (!only.empty() && name != only) return;
            std::vector<Text>& texts = found[std::string(name)];
            if (std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
        });
    };
    add_batch(described.own);
    if (described.snapshot == nullptr) return found;
    add_batch(described.snapshot->recorded);
    for (const exporters::TargetView& target : described.snapshot->targets)
        add_batch(target.newest);
    return found;
}

Answer<Matchers> target_matchers(const exporters::Request& request) {
    const std::string_view text = request.parameter("match_target");
    if (text.empty()) return Matchers{};
    const auto parsed = promql::parse(text);
    if (!parsed) return std::unexpected(bad_data(promql::describe(parsed.error(), text)));
    const auto* selector = std::get_if<promql::VectorSelector>(&(*parsed)->node);
    if (selector == nullptr) {
        return std::unexpected(invalid_parameter("match_target", "expected a selector"));
    }
    return selector->matchers;
}

}  // namespace

Answer<std::string> metadata(const exporters::Request& request, const Described& described) {
    const auto limit = count_of(request, "limit");
    if (!limit) return std::unexpected(limit.error());
    const auto per_metric = count_of(request, "limit_per_metric");
    if (!per_metric) return std::unexpected(per_metric.error());
    std::string data = "{";
    long long count = 0;
    for (const auto& [name, texts] : gather(described, request.parameter("metric"))) {
        if (*limit >= 0 && count >= *limit) break;
        if (count++ > 0) data += ',';
        append_string(data, name);
        long long shown = 0;
        char before = '[';
        data += ':';
        for (const Text& text : texts) {
            if (*per_metric > 0 && shown++ >= *per_metric) break;
            data += std::exchange(before, ',');
            data += '{';
            append_text(data, text);
            data += '}';
        }
        data += ']';
    }
    return success_document(data + '}');
}

Answer<std::string> targets_metadata(const exporters::Request& request,
                                     const Described& described) {
    const auto limit = count_of(request, "limit");
    if (!limit) return std::unexpected(limit.error());
    const auto matchers = target_matchers(request);
    if (!matchers) return std::unexpected(matchers.error());
    const std::string_view only = request.parameter("metric");
    std::string data;
    long long count = 0;
    const auto show = [&](const Labels& target, std::string_view name, const Text& text) {
        if (!only.empty() && name != only) return;
        if (*limit >= 0 && count >= *limit) return;
        data += count++ == 0 ? "[" : ",";
        data += "{\"target\":";
        append_labels(data, target);
        if (only.empty()) {
            data += ",\"metric\":";
            append_string(data, name);
        }
        data += ',';
        append_text(data, text);
        data += '}';
    };
    if (described.snapshot != nullptr) {
        for (const exporters::TargetView& target : described.snapshot->targets) {
            if (target.newest == nullptr || !all_match(*matchers, target.labels)) continue;
            for_each_family(
                *target.newest, described.lookup,
                [&](std::string_view name, const Text& text) { show(target.labels, name, text); });
        }
    }
    return success_document(count == 0 ? "[]" : data + ']');
}

}  // namespace pilotlight::query
