#include "app/blind_alarm.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <vector>

namespace pilotlight::app {
namespace {

constexpr Duration kAfter = std::chrono::minutes(1);
/// It is told again so often, and ends by itself after so long: what tells it may be gone.
constexpr Duration kAgain = std::chrono::minutes(1);
constexpr Duration kLasts = std::chrono::minutes(5);
constexpr std::array<std::string_view, 2> kSeverities = {"warning", "critical"};

std::size_t count_of(const TargetStates::Unknown& unknown) {
    std::size_t count = 0;
    for (const auto& [reason, targets] : unknown)
        count += targets;
    return count;
}

/// As in rules/shipped.
std::string_view name_of(std::string_view severity) {
    return severity == "critical" ? "MonitoringBlind" : "TargetsUnknown";
}

Labels labels_of(const Labels& external, std::string_view severity) {
    LabelsBuilder labels(external);
    labels.set(kAlertName, name_of(severity));
    labels.set("severity", severity);
    return labels.build();
}

}  // namespace

std::string unknown_in_words(const TargetStates::Unknown& unknown) {
    std::vector<std::pair<std::size_t, std::string_view>> reasons;
    for (const auto& [reason, targets] : unknown) {
        if (targets > 0) reasons.emplace_back(targets, reason.second);
    }
    std::ranges::sort(reasons, std::ranges::greater());
    std::string words;
    for (const auto& [targets, reason] : reasons) {
        const bool first = words.empty();
        fmt::format_to(std::back_inserter(words), "{}{} of {}{}", first ? "" : ", ", reason,
                       targets,
                       !first         ? ""
                       : targets == 1 ? " target"
                                      : " targets");
    }
    return words;
}

void BlindAlarm::look(const Look& look, WallTime now) {
    const std::size_t unknown = count_of(look.states.unknown());
    if (unknown == 0) since_.reset();
    if (unknown > 0 && !since_) since_ = now;
    if (!look.settled) return;
    const bool tells = unknown > 0 && now - *since_ >= kAfter && !look.left_to_rules;
    const std::string_view severity = unknown * 2 >= look.states.size() ? "critical" : "warning";
    // Whatever severity it had before, perhaps before a restart: there is one alarm at a time.
    for (const std::string_view other : kSeverities) {
        const bool stays = unknown > 0 && !look.left_to_rules && (!tells || other == severity);
        if (!stays) end(look, other, now);
    }
    if (!tells) return;
    told_severity_ = severity;
    tell(look, unknown, now);
}

void BlindAlarm::tell(const Look& look, std::size_t unknown, WallTime now) {
    const std::string words = unknown_in_words(look.states.unknown());
    const Labels labels = labels_of(look.external, told_severity_);
    const bool again = !told_at_ || now - *told_at_ >= kAgain || !voice_.fires(labels);
    if (!again) return;
    told_at_ = now;
    if (words != told_text_) spdlog::error("probes cannot judge: {}", words);
    told_text_ = words;
    alerting::PostedAlert alert;
    alert.labels = labels;
    alert.annotations = Labels{
        {"summary",
         fmt::format("Pilotlight cannot judge {} of {} targets", unknown, look.states.size())},
        {"description",
         fmt::format("{}; {} is one. Their last judgement stands, and an outage of theirs would "
                     "not be seen: the trouble is Pilotlight's own.",
                     words, look.states.first_unknown())},
        {"runbook_url", fmt::format("docs/runbooks/{}.md", name_of(told_severity_))}};
    alert.starts_at = since_;
    alert.ends_at = now + kLasts;
    voice_.raise(std::move(alert), now);
}

void BlindAlarm::end(const Look& look, std::string_view severity, WallTime now) {
    alerting::PostedAlert alert;
    alert.labels = labels_of(look.external, severity);
    if (!voice_.fires(alert.labels)) return;
    alert.ends_at = now;
    told_at_.reset();
    if (told_severity_ == severity) told_text_.clear();
    voice_.raise(std::move(alert), now);
}

}  // namespace pilotlight::app
