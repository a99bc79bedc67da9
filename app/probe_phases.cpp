#include "app/probe_phases.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

namespace pilotlight::app {
namespace {

using std::chrono::nanoseconds;

/// Less than this between the phases is nobody's news; nor is less than a tenth of the whole.
constexpr nanoseconds kRestWorthTelling = std::chrono::milliseconds(1);

/// In their order in time, each with its colour.
constexpr std::pair<std::string_view, std::string_view> kKnown[] = {
    {"resolve", "36"},    {"connect", "34"},  {"proxy", "94"}, {"tls", "35"},     {"auth", "95"},
    {"processing", "33"}, {"rtt", "33"},      {"query", "33"}, {"request", "33"}, {"check", "33"},
    {"transfer", "32"},   {"response", "32"}, {"body", "32"}};

std::size_t rank_of(std::string_view name) {
    const auto* const found =
        std::ranges::find(kKnown, name, &std::pair<std::string_view, std::string_view>::first);
    return static_cast<std::size_t>(found - std::begin(kKnown));
}

std::string_view color_of(std::string_view name) {
    const std::size_t rank = rank_of(name);
    return rank < std::size(kKnown) ? kKnown[rank].second : "37";
}

std::vector<ProbePhase> measured_phases(const SampleBatch& batch) {
    std::vector<ProbePhase> phases;
    for (const Sample& sample : batch.samples) {
        const std::string_view phase = sample.labels.get("phase");
        const bool is_one = sample.labels.metric_name().ends_with("_duration_seconds");
        if (!is_one || phase.empty() || !std::isfinite(sample.value)) continue;
        phases.push_back({std::string(phase), nanoseconds(std::llround(sample.value * 1e9))});
    }
    return phases;
}

/// A bar's beginning or end, in eighths of a character.
std::size_t eighths(nanoseconds at, nanoseconds scale, std::size_t width) {
    const double share = static_cast<double>(at.count()) / static_cast<double>(scale.count());
    return static_cast<std::size_t>(std::llround(share * static_cast<double>(width * 8)));
}

/// From the character that `begin` is in to the eighth that `end` is at; never nothing.
std::string bar(std::size_t begin, std::size_t end) {
    static constexpr std::array<std::string_view, 8> kParts{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const std::size_t first = begin / 8;
    const std::size_t length = std::max<std::size_t>(end, first * 8 + 1) - first * 8;
    std::string drawn;
    for (std::size_t i = 0; i < length / 8; ++i)
        drawn += "█";
    drawn += kParts.at(length % 8);
    return drawn;
}

double milliseconds(nanoseconds time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

std::vector<ProbePhase> phases_of(const probes::ProbeRun& run) {
    std::vector<ProbePhase> phases = measured_phases(*run.batch);
    std::erase_if(phases, [](const ProbePhase& each) { return each.took <= nanoseconds(0); });
    if (phases.empty() && run.evidence != nullptr) {
        for (const Evidence::Phase& phase : run.evidence->phases)
            phases.push_back({phase.name, phase.took});
    }
    std::ranges::stable_sort(phases, {}, [](const ProbePhase& each) { return rank_of(each.name); });
    return phases;
}

std::string phases_drawn(const std::vector<ProbePhase>& phases, nanoseconds total,
                         const Terminal& terminal) {
    constexpr std::size_t kBeforeBar = 30;
    nanoseconds sum{};
    for (const ProbePhase& phase : phases)
        sum += phase.took;
    if (sum <= nanoseconds(0)) return "";
    const std::size_t room = terminal.columns > kBeforeBar ? terminal.columns - kBeforeBar : 0;
    const std::size_t width = std::clamp<std::size_t>(room, 10, 60);
    std::string text;
    nanoseconds begin{};
    for (const ProbePhase& phase : phases) {
        const std::size_t from = std::min(eighths(begin, sum, width), width * 8 - 1);
        begin += phase.took;
        const std::string drawn = bar(from, eighths(begin, sum, width));
        text +=
            fmt::format("  {:<12}{:>10.3f} ms  {}{}\n", phase.name, milliseconds(phase.took),
                        std::string(from / 8, ' '), terminal.colored(drawn, color_of(phase.name)));
    }
    const nanoseconds rest = total - sum;
    if (rest < kRestWorthTelling || rest < total / 10) return text;
    return text + fmt::format("  {:<12}{:>10.3f} ms  {}\n", "the rest", milliseconds(rest),
                              terminal.colored("in between, Pilotlight's own", "2"));
}

}  // namespace pilotlight::app
