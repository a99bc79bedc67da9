#include "app/settings.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "runtime/url.h"

namespace pilotlight::app {

query::Semantics semantics_of(const config::Config& config) {
    return {.compatibility = config.compatibility == config::Compatibility::prometheus2
                                 ? promql::Compatibility::prometheus2
                                 : promql::Compatibility::prometheus3,
            .subquery_step = config.evaluation_interval};
}

std::vector<std::string> host_names_of(const config::Config& config) {
    std::vector<std::string> names = {config.listen_host};
    if (const auto url = runtime::parse_url(config.external_url)) names.push_back(url->host);
    return names;
}

probes::Runner::Options runner_options(const config::Config& config) {
    probes::Runner::Options options;
    options.threads = config.probe_threads;
    options.limits = {.per_loop = config.limits.probes_in_flight,
                      .per_host = config.limits.probes_per_host,
                      .per_prober = config.limits.probes_per_prober,
                      .of_prober = config.limits.probes_of_prober};
    options.services.body_limit = config.limits.body_bytes;
    return options;
}

void warn_of_next_start(const config::Config& before, const config::Config& now) {
    for (const auto& [key, changed] :
         {std::pair{"web_config_file (its name)", now.web_config_file != before.web_config_file},
          std::pair{"listen",
                    now.listen_host != before.listen_host || now.listen_port != before.listen_port},
          std::pair{"data_dir", now.data_dir != before.data_dir},
          std::pair{"probe_threads", now.probe_threads != before.probe_threads},
          std::pair{"external_labels", !(now.external_labels == before.external_labels)},
          std::pair{"external_url (in notifications)", now.external_url != before.external_url},
          std::pair{"limits", !(now.limits == before.limits)}}) {
        if (changed) spdlog::warn("{} takes effect at the next start", key);
    }
}

}  // namespace pilotlight::app
