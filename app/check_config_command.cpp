#include <fmt/format.h>

#include <iostream>

#include "app/command_line.h"
#include "app/commands.h"
#include "app/load.h"
#include "app/log.h"

namespace pilotlight::app {

int check_config_command(const std::string& file) {
    const LoadResult result = load_everything(file);
    if (!result.loaded) {
        print_errors(result.loaded.error());
        return kExitNotGood;
    }
    for (const Error& warning : result.loaded->warnings) {
        std::cerr << "warning: " << warning.to_string() << '\n';
    }
    std::size_t rules = 0;
    for (const rules::RuleFile& rule_file : result.loaded->rule_files) {
        for (const auto& group : rule_file.groups)
            rules += group.rules.size();
    }
    std::cout << fmt::format(
        "{}: good: {} targets, {} services, {} rules in {} files, {} receivers\n", file,
        result.loaded->config->targets.size(), result.loaded->config->services.size(), rules,
        result.loaded->rule_files.size(), result.loaded->routing->receivers.size());
    return kExitDone;
}

}  // namespace pilotlight::app
