#include "alerting/group.h"

#include <algorithm>

namespace pilotlight::alerting {
namespace {

/// A delivery that took less than one interval counts as made when it was decided, so that repeats
/// keep to the flushes instead of falling one behind.
bool is_repeat_due(const Knowledge& knowledge, const GroupTimers& timers, WallTime now) {
    if (knowledge.pending || !knowledge.delivered_at) return false;
    const bool was_prompt = *knowledge.delivered_at - knowledge.decided_at <= timers.interval;
    const WallTime told_at = was_prompt ? knowledge.decided_at : *knowledge.delivered_at;
    return told_at + timers.repeat <= now;
}

}  // namespace

bool Group::was_told(const Labels& alert) const {
    return std::ranges::any_of(
        known_by, [&](const auto& entry) { return entry.second.firing.contains(alert); });
}

void Group::note_news(const Alert& alert) {
    if (alert.decided_at == SteadyTime{}) return;
    if (!news_at || *news_at < alert.decided_at) news_at = alert.decided_at;
}

std::optional<Cause> needs_telling(const Knowledge& knowledge, const FlushView& view,
                                   bool send_resolved, const GroupTimers& timers, WallTime now) {
    if (knowledge.is_empty()) {
        return view.firing.empty() ? std::nullopt : std::optional(Cause::first);
    }
    const bool fires = !view.firing.empty() || !view.firing_muted.empty();
    if (knowledge.failed) {
        if (!view.firing.empty()) return Cause::changed;
        if (!fires && !view.resolved.empty()) return Cause::resolved;
        return std::nullopt;
    }
    const bool news = std::ranges::any_of(
        view.firing, [&](const Alert* alert) { return !knowledge.firing.contains(alert->labels); });
    if (news) return Cause::changed;
    if (!fires) {
        return knowledge.firing.empty() ? std::nullopt : std::optional(Cause::resolved);
    }
    const bool some_ended = std::ranges::any_of(view.resolved, [&](const Alert* alert) {
        return !knowledge.resolved.contains(alert->labels);
    });
    if (send_resolved && some_ended) return Cause::changed;
    // Whoever silenced it for a while wants to know that it has not ended.
    if (view.came_back && !knowledge.pending) return Cause::repeat;
    if (!view.firing.empty() && is_repeat_due(knowledge, timers, now)) return Cause::repeat;
    return std::nullopt;
}

}  // namespace pilotlight::alerting
