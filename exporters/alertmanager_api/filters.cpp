#include "exporters/alertmanager_api/filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "exporters/alertmanager_api/answers.h"

namespace pilotlight::exporters::alertmanager_api {
namespace {

/// As go-openapi reads a boolean: these words, in any case of letters, and false for all else.
bool read_flag(const Request& request, std::string_view name) {
    constexpr std::array<std::string_view, 9> kTrue{"true", "1",        "yes",     "ok", "y",
                                                    "on",   "selected", "checked", "t"};
    for (const auto& [key, value] : request.parameters) {
        if (key != name || value.empty()) continue;
        std::string word = value;
        std::ranges::transform(word, word.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        return word == "enabled" || std::ranges::count(kTrue, word) > 0;
    }
    return true;
}

}  // namespace

bool AlertFilter::admits(const alerting::AlertingView::OneAlert& alert) const {
    const bool is_silenced = !alert.muting.silenced_by.empty();
    const bool is_inhibited = !alert.muting.inhibited_by.empty();
    if (!active && !is_silenced && !is_inhibited) return false;
    if (!silenced && is_silenced) return false;
    if (!inhibited && is_inhibited) return false;
    return all_match(matchers, alert.alert.labels);
}

bool AlertFilter::admits_receiver(std::string_view name) const {
    return !receiver || receiver->matches(name);
}

std::expected<Matchers, Response> read_matchers(const Request& request) {
    Matchers matchers;
    for (const auto& [key, text] : request.parameters) {
        if (key != "filter") continue;
        auto read = parse_matchers(text);
        if (!read) return std::unexpected(refusal(400, read.error().message));
        if (read->size() != 1) {
            return std::unexpected(refusal(400, fmt::format("bad matcher format: {}", text)));
        }
        matchers.push_back(std::move(read->front()));
    }
    return matchers;
}

std::expected<AlertFilter, Response> read_filter(const Request& request) {
    AlertFilter filter;
    auto matchers = read_matchers(request);
    if (!matchers) return std::unexpected(std::move(matchers.error()));
    filter.matchers = std::move(*matchers);
    if (const std::string_view receiver = request.parameter("receiver"); !receiver.empty()) {
        auto compiled = Regexp::compile(receiver, Regexp::Anchor::both);
        if (!compiled) {
            return std::unexpected(refusal(
                400, fmt::format("failed to parse receiver param: {}", compiled.error().message)));
        }
        filter.receiver = std::move(*compiled);
    }
    filter.active = read_flag(request, "active");
    filter.silenced = read_flag(request, "silenced");
    filter.inhibited = read_flag(request, "inhibited");
    filter.muted = read_flag(request, "muted");
    return filter;
}

bool has_matchers(const alerting::Silence& silence, const Matchers& matchers) {
    return std::ranges::all_of(matchers, [&](const Matcher& wanted) {
        return std::ranges::any_of(silence.matchers, [&](const Matcher& one) {
            return one.name() == wanted.name() && one.op() == wanted.op() &&
                   one.value() == wanted.value();
        });
    });
}

}  // namespace pilotlight::exporters::alertmanager_api
