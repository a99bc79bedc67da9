#include "config/sections.h"

namespace pilotlight::config {
namespace {

struct Draft : ReceiverOptions {
    Node after;
};

/// Leaves `out` alone unless the node says more than nothing.
void read_positive(const Node& node, Duration& out, Errors& errors) {
    Duration value{};
    const std::size_t before = errors.size();
    read_value(node, value, errors);
    if (errors.size() != before) return;
    if (value <= Duration{0}) return expected_value(node, "more than 0s", errors);
    out = value;
}

void read_fallback(const Node& node, Draft& draft, Errors& errors) {
    read_value(node, draft.fallback, errors);
    draft.fallback_where = node.where;
    if (node.is_scalar() && node.scalar.empty()) {
        expected_value(node, "a receiver of the alerting file", errors);
    }
}

void read_change_events(const Node& node, Draft& draft, Errors& errors) {
    read_value(node, draft.change_events, errors);
    draft.change_events_where = node.where;
}

void read_give_up_after(const Node& node, Draft& draft, Errors& errors) {
    read_positive(node, draft.give_up_after, errors);
}

void read_failures(const Node& node, Draft& draft, Errors& errors) {
    int value = 0;
    const std::size_t before = errors.size();
    read_value(node, value, errors);
    if (errors.size() != before) return;
    if (value < 1) return expected_value(node, "an integer of 1 or more", errors);
    draft.failures = value;
}

void read_for(const Node& node, Draft& draft, Errors& errors) {
    read_positive(node, draft.hold, errors);
}

constexpr Option<Draft> kOptions[] = {
    option_read_by<Draft>(read_fallback, "fallback", "text", "",
                          "The receiver that is told what this one does not take, and of its end: "
                          "each message says for whom and why."),
    option<&Draft::after>("after", "", "When the fallback is told; see below."),
    option_read_by<Draft>(read_give_up_after, "give_up_after", "duration", "1d",
                          "A notification that could not be delivered for so long is given up: "
                          "counted in `pilotlight_notifications_dead_total`, kept in the journal "
                          "for 30 days, shown on the status page."),
    option_read_by<Draft>(read_change_events, "change_events", "true or false", "false",
                          "Whether its PagerDuty integrations get a change event for each reload "
                          "that changed something: which files, targets and rules. Best effort: "
                          "tried five times, not kept over a restart."),
};

constexpr Option<Draft> kAfterOptions[] = {
    option_read_by<Draft>(read_failures, "failures", "integer", "3",
                          "So many attempts have failed in a row."),
    option_read_by<Draft>(read_for, "for", "duration", "5m", "It has failed for so long."),
};

}  // namespace

void read_receiver_options(const Node& node, Reading& reading) {
    if (node.is_null()) return;
    if (!node.is_mapping()) {
        return expected_value(node, "a mapping of receivers' names", reading.errors);
    }
    for (const Node::Entry& entry : node.entries) {
        Draft draft;
        draft.name = entry.key;
        draft.where = entry.key_where;
        read_options(entry.value, kOptions, draft, reading.errors);
        read_options(draft.after, kAfterOptions, draft, reading.errors);
        if (!draft.after.is_null() && draft.fallback.empty()) {
            reading.errors.push_back(
                draft.after.error("\"after\" says when a fallback is told, "
                                  "expected \"fallback\" with it"));
        }
        reading.config.receiver_options.push_back(std::move(draft));
    }
}

std::vector<SectionDocs> receiver_options_docs() {
    return {{"receivers",
             "A mapping by the names of the alerting file's receivers: what Alertmanager's format "
             "cannot say\nof them. A refusal that retrying cannot help is handed to the fallback "
             "at once. Fallbacks may\nhave fallbacks, but not in a circle.\n\n"
             "```yaml\nreceivers:\n"
             "  on-call: {fallback: everybody, after: {failures: 3, for: 5m}}\n"
             "  everybody: {give_up_after: 2d}\n```",
             docs_of(kOptions)},
            {"receivers: after", "Whichever comes first.", docs_of(kAfterOptions)}};
}

}  // namespace pilotlight::config
