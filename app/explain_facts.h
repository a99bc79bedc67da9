#pragma once

#include <string>
#include <vector>

#include "alerting/dispatcher.h"
#include "core/labels.h"
#include "core/time.h"

namespace pilotlight::app {

/// What the dispatcher knows of one alert at one moment: plain values.
struct ExplainFacts {
    struct Silence {
        std::string id;
        std::string created_by;
        std::string comment;
        WallTime ends_at{};
    };
    std::vector<Silence> silenced_by;
    std::vector<Labels> inhibited_by;
    std::vector<alerting::Telling> told;
};

/// `known_as`: the labels under which receivers know the alert.
[[nodiscard]] ExplainFacts explain_facts(const alerting::Dispatcher& dispatcher,
                                         const Labels& known_as, WallTime now);

}  // namespace pilotlight::app
