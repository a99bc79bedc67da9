#include "app/explain_facts.h"

#include <utility>

namespace pilotlight::app {

ExplainFacts explain_facts(const alerting::Dispatcher& dispatcher, const Labels& known_as,
                           WallTime now) {
    alerting::Muting muting = dispatcher.muting(known_as, now);
    ExplainFacts facts;
    for (const std::string& id : muting.silenced_by) {
        const auto found = dispatcher.silences().all().find(id);
        if (found == dispatcher.silences().all().end()) continue;
        const auto& silence = found->second;
        facts.silenced_by.push_back({id, silence.created_by, silence.comment, silence.ends_at});
    }
    facts.inhibited_by = std::move(muting.inhibited_by);
    facts.told = dispatcher.tellings(known_as, now);
    return facts;
}

}  // namespace pilotlight::app
