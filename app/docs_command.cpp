#include <iostream>

#include "alerting/reference.h"
#include "app/command_line.h"
#include "app/commands.h"
#include "config/config.h"
#include "probes/probe.h"

namespace pilotlight::app {

int docs_command(const std::string& what) {
    if (what == "alerting") {
        std::cout << alerting::alerting_reference();
        return kExitDone;
    }
    if (what != "configuration") {
        std::cerr << "pilotlight: no reference \"" << what
                  << "\", expected alerting or configuration\n";
        return kExitCannot;
    }
    std::vector<config::ProberDocs> probers;
    for (const probes::ProberKind& kind : probes::prober_kinds()) {
        probers.push_back({kind.name, kind.description, kind.options()});
    }
    std::cout << config::configuration_reference(probers);
    return kExitDone;
}

}  // namespace pilotlight::app
