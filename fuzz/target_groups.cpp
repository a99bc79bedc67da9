// What a source of http_sd answers, or a file of file_sd has: groups of targets, each relabelled
// and made one that can be probed.
#include "config/config.h"
#include "config/yaml.h"
#include "core/check.h"

namespace pilotlight::fuzz {

void target_groups(std::string_view input) {
    const auto root = pilotlight::config::parse_yaml(input, "answer");
    if (!root) return;
    Errors errors;
    const auto targets = pilotlight::config::read_target_groups(*root, errors);
    pilotlight::config::TargetPattern pattern;
    pattern.common.prober = "http";
    pattern.modules =
        std::make_shared<const std::map<std::string, pilotlight::config::ModuleConfig>>();
    for (const auto& each : targets) {
        const auto made = pilotlight::config::make_target(pattern, each);
        PILOT_CHECK(made ? !*made || !(*made)->name.empty() : !made.error().message.empty());
    }
}

}  // namespace pilotlight::fuzz
