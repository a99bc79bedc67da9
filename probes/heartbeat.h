#pragma once

#include <memory>
#include <optional>

#include "core/secret.h"
#include "core/time.h"
#include "probes/cron.h"
#include "runtime/time_zone.h"

namespace pilotlight::probes {

/// What is expected of a heartbeat: a job that says by itself that it has run, such as one of cron.
struct HeartbeatOptions {
    /// How often it comes; nothing where `cron` says when.
    std::optional<Duration> every;
    std::optional<CronSchedule> cron;
    /// Of `cron`. Never null.
    std::shared_ptr<const runtime::TimeZone> zone = std::make_shared<const runtime::TimeZone>();
    /// How long after its time it may come.
    Duration grace = std::chrono::minutes(5);
    /// How long a run that told its start takes at least, and at most.
    std::optional<Duration> min_duration;
    std::optional<Duration> max_duration;
    /// What a ping must show; empty where it need not.
    Secret token;

    /// When it is expected next, heard at `heard`. What comes a few seconds before a time of cron
    /// (clocks differ), counts as having come at it: as many as kEarly, at most a quarter of the
    /// time to the one behind it.
    [[nodiscard]] WallTime next_after(WallTime heard) const;

    static constexpr Duration kEarly = std::chrono::seconds(10);
};

}  // namespace pilotlight::probes
