#include <fmt/format.h>

#include "config/sections.h"

namespace pilotlight::config {
namespace {

/// Levels are read by their own table.
struct Draft : EscalationConfig {
    std::vector<Node> level_nodes;
};

constexpr Option<Draft> kOptions[] = {
    option<&Draft::name, Draft>("name", "required", "What messages and the page call it."),
    option<&Draft::matchers, Draft>("matchers", "",
                                    "Alerts it is for, as in Alertmanager's routes; none given "
                                    "means all."),
    option<&Draft::level_nodes>("levels", "required", "Who is told, and when, in rising order."),
};

constexpr Option<EscalationLevel> kLevelOptions[] = {
    option<&EscalationLevel::after>("after", "0s", "How long the alert has been firing."),
    option<&EscalationLevel::receiver>("receiver", "required", "A receiver of the alerting file."),
};

void read_levels(const Draft& draft, std::vector<EscalationLevel>& levels, Errors& errors) {
    for (const Node& node : draft.level_nodes) {
        EscalationLevel level;
        read_entry(node, kLevelOptions, level, errors);
        if (!levels.empty() && level.after <= levels.back().after) {
            const Node* after = node.find("after");
            errors.push_back((after == nullptr ? node : *after)
                                 .error(fmt::format("expected more than the level before, {}",
                                                    format_duration(levels.back().after))));
        }
        levels.push_back(std::move(level));
    }
}

}  // namespace

void read_escalations(const Node& node, Reading& reading) {
    for (const Node& item : node.items) {
        Draft draft;
        read_entry(item, kOptions, draft, reading.errors);
        read_levels(draft, draft.levels, reading.errors);
        reading.config.escalations.push_back(std::move(draft));
    }
}

std::vector<SectionDocs> escalations_docs() {
    return {{"escalations", "A list: the escalation matrix. An acknowledgement stops the climb.",
             docs_of(kOptions)},
            {"escalations: levels", "", docs_of(kLevelOptions)}};
}

}  // namespace pilotlight::config
