#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/probe.h"

namespace pilotlight::probes {

/// What Redis's INFO says, in redis_exporter's names. Unknown lines are left out, so that any
/// version will do. Source: redis_exporter's exporter/{info,exporter}.go; redis.io, INFO.
struct RedisInfo {
    std::vector<Measurement> measurements;
    /// "master" or "slave", as Redis says it; "" where it does not.
    std::string role;
};

[[nodiscard]] RedisInfo read_redis_info(std::string_view text);

}  // namespace pilotlight::probes
