// What jobs tell at /heartbeat/, and the schedules that people write for them.
#include <algorithm>
#include <memory>

#include "core/check.h"
#include "probes/cron.h"
#include "probes/heartbeat_address.h"
#include "runtime/time_zone.h"

namespace pilotlight::fuzz {

namespace {

void goes_forward(const probes::CronSchedule& schedule) {
    static const auto zone = runtime::TimeZone::load("Europe/Berlin")
                                 .value_or(std::make_shared<const runtime::TimeZone>());
    // The evening before the clocks are set back.
    WallTime now = parse_time("2026-10-24T22:00:00Z").value();
    for (int i = 0; i < 20; ++i) {
        const auto next = schedule.next(now, *zone);
        if (!next) return;
        PILOT_CHECK(*next > now);
        PILOT_CHECK(next->time_since_epoch() % std::chrono::minutes(1) == Duration{0});
        now = *next;
    }
}

}  // namespace

void heartbeat(std::string_view input) {
    if (const auto schedule = probes::CronSchedule::parse(input)) goes_forward(*schedule);
    const probes::HeartbeatAddress address = probes::split_heartbeat_address(input);
    PILOT_CHECK(!address.name.contains('/'));
    if (const auto ping = probes::read_heartbeat_ping(address.action, address.name)) {
        PILOT_CHECK(ping->run == address.name);
        PILOT_CHECK(ping->exit_code >= 0 && ping->exit_code <= 255);
    }
    const std::string_view kept = probes::end_of(input, probes::kHeartbeatBodyMax);
    PILOT_CHECK(input.ends_with(kept));
    PILOT_CHECK(kept.size() + 3 >= std::min(input.size(), probes::kHeartbeatBodyMax));
}

}  // namespace pilotlight::fuzz
