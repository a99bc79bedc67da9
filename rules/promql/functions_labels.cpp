#include <fmt/format.h>

#include <algorithm>

#include "core/regexp.h"
#include "rules/promql/evaluator.h"
#include "rules/promql/quoting.h"

// Labels changed. Source: Prometheus's promql/functions (label_replace, label_join).
namespace pilotlight::promql {
namespace {

bool is_label_name(const Evaluator& evaluator, std::string_view name) {
    if (is_legacy_label_name(name)) return true;
    if (!evaluator.is_3() || name.empty() || !is_valid_utf8(name)) return false;
    // Prometheus 3 takes any UTF-8 here. Its own compliance suite still asks for "~invalid" to be
    // refused, and what begins with a sign is a slip far likelier than a label.
    const auto first = static_cast<unsigned char>(name[0]);
    const unsigned char lower = first | 0x20U;
    return first >= 0x80 || (lower >= 'a' && lower <= 'z') || first == '_';
}

/// A label's value as functions may make it; nested calls double theirs with each.
constexpr std::size_t kValueMax = 1 << 20;
/// What is longer counts as samples do: a sample takes some bytes, too.
constexpr std::size_t kValueFree = 256;
constexpr std::size_t kBytesPerSample = 4;

void set_label(Evaluator& evaluator, Item& item, std::string_view name, std::string_view value) {
    if (value.size() > kValueMax) {
        return evaluator.fail(fmt::format("a label's value is longer than {} bytes", kValueMax));
    }
    if (value.size() > kValueFree && !evaluator.count(value.size() / kBytesPerSample)) return;
    item.labels = LabelsBuilder(item.labels).set(name, value).build();
    item.series = nullptr;
    if (name == kMetricName) item.drop_name = false;
}

Items label_replace(Frame& frame) {
    Evaluator& evaluator = frame.evaluator();
    const std::string target = frame.string(1);
    const std::string replacement = frame.string(2);
    const std::string source = frame.string(3);
    const std::string pattern = frame.string(4);
    const auto regexp = Regexp::compile(pattern, Regexp::Anchor::both);
    if (!regexp) {
        evaluator.fail(fmt::format("invalid regular expression in label_replace(): {}", pattern));
        return {};
    }
    if (!is_label_name(evaluator, target)) {
        evaluator.fail(
            fmt::format("invalid destination label name in label_replace(): {}", target));
        return {};
    }
    Items items = frame.vector(0);
    for (Item& item : items) {
        const auto value = regexp->expand(item.labels.get(source), replacement);
        if (value) set_label(evaluator, item, target, *value);
        if (evaluator.failed()) return {};
    }
    evaluator.check_unique(items);
    return items;
}

Items label_join(Frame& frame) {
    Evaluator& evaluator = frame.evaluator();
    const std::string target = frame.string(1);
    const std::string separator = frame.string(2);
    std::vector<std::string> sources;
    for (std::size_t i = 3; i < frame.size(); ++i) {
        sources.push_back(frame.string(i));
        if (!is_label_name(evaluator, sources.back())) {
            evaluator.fail(
                fmt::format("invalid source label name in label_join(): {}", sources.back()));
        }
    }
    if (!is_label_name(evaluator, target)) {
        evaluator.fail(fmt::format("invalid destination label name in label_join(): {}", target));
    }
    Items items = frame.vector(0);
    for (Item& item : items) {
        std::string joined;
        for (std::size_t i = 0; i < sources.size() && joined.size() <= kValueMax; ++i) {
            if (i > 0) joined += separator;
            joined += item.labels.get(sources[i]);
        }
        set_label(evaluator, item, target, joined);
        if (evaluator.failed()) return {};
    }
    if (!evaluator.failed()) evaluator.check_unique(items);
    return items;
}

constexpr ValueType kString = ValueType::string;

constexpr Function kFunctions[] = {
    {.name = "label_replace",
     .arguments = {ValueType::vector, kString, kString, kString, kString},
     .vector = label_replace},
    {.name = "label_join",
     .arguments = {ValueType::vector, kString, kString, kString},
     .variadic = -1,
     .vector = label_join},
};

}  // namespace

std::span<const Function> label_functions() {
    return kFunctions;
}

}  // namespace pilotlight::promql
