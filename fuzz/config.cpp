// pilotlight.yaml. Its relative paths start from a folder that is not there.
#include "config/config.h"

#include "config/yaml.h"
#include "core/check.h"
#include "fuzz/texts.h"

namespace pilotlight::fuzz {

void config(std::string_view input) {
    if (names_devices(input)) return;
    constexpr std::string_view kProbers[] = {"http", "tcp", "tls", "postgres", "redis", "scrape"};
    const auto read =
        pilotlight::config::parse_config(input, "input.yaml", "/nonexistent/pilotlight", kProbers);
    PILOT_CHECK(read ? *read != nullptr : !read.error().empty());
}

}  // namespace pilotlight::fuzz
