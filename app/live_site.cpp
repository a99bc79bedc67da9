#include "app/live_site.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "app/alert_desk.h"
#include "app/explain_route.h"
#include "app/families.h"
#include "app/heartbeat_route.h"
#include "app/prometheus_view.h"
#include "app/settings.h"
#include "app/version.h"
#include "core/time.h"
#include "exporters/alertmanager_api/routes.h"
#include "exporters/snapshot_source.h"

namespace pilotlight::app {
namespace {

/// How long an HTTP thread waits for the engine before it shows what it knew last.
constexpr Duration kSnapshotPatience{500};
/// Readers in between share a snapshot: nobody can make the engine copy itself at will.
constexpr Duration kSnapshotEvery{100};
/// With those that run at most, still fewer than the listener has connections.
constexpr std::size_t kQueriesWaiting = 20;

query::ServiceOptions bounded_by(const config::Config& config) {
    query::ServiceOptions options;
    options.limits.samples = config.limits.query_samples;
    options.limits.timeout = config.limits.query_timeout;
    options.limits.reading.samples = config.limits.query_samples;
    options.limits.reading.series = config.limits.series;
    options.room = {.inside = config.limits.queries, .waiting = kQueriesWaiting};
    return options;
}

}  // namespace

LiveSite::LiveSite(Parts parts, std::shared_ptr<const config::Config> first)
    : parts_(std::move(parts)), first_(std::move(first)) {
    query::ServiceOptions options = bounded_by(*first_);
    options.read = [this](std::shared_ptr<query::Reading> reading) {
        if (!parts_.engine_runs) return false;
        parts_.engine_loop.post(
            [this, reading = std::move(reading)] { parts_.engine->read(reading); });
        return true;
    };
    snapshots_ = exporters::at_most_every(kSnapshotEvery, [this] { return current_snapshot(); });
    options.described = [this] {
        return query::Described{.snapshot = snapshots_(),
                                .own = parts_.metrics.collect(wall_now()),
                                .lookup = &describe_family};
    };
    queries_ = std::make_unique<query::Service>(std::move(options), semantics_of(*first_));
    configure(*first_);
}

exporters::Site LiveSite::site() {
    exporters::Site site;
    site.snapshot = snapshots_;
    site.own_metrics = [this] { return parts_.metrics.collect(wall_now()); };
    site.family = &describe_family;
    site.reload = parts_.reload;
    site.quit = parts_.quit;
    site.prometheus_view = [this] { return *view_for_tools_.load(); };
    site.extra = parts_.extra_routes;
    add_apis(site.extra);
    site.version = kVersion;
    site.revision = kRevision;
    site.host_names = host_names_of(*first_);
    return site;
}

void LiveSite::add_apis(std::vector<exporters::ExtraRoute>& routes) {
    namespace alerts = exporters::alertmanager_api;
    const auto add = [&routes](std::vector<exporters::ExtraRoute> more) {
        std::ranges::move(more, std::back_inserter(routes));
    };
    add(queries_->routes());
    routes.push_back(explain_route(parts_.engine_loop, [this]() -> Engine* {
        return parts_.engine_runs ? parts_.engine.get() : nullptr;
    }));
    add(alerts::routes(make_alert_desk(parts_.engine_loop, parts_.engine, parts_.engine_runs),
                       {.version = std::string(kVersion),
                        .revision = std::string(kRevision),
                        .started_at = wall_now()}));
    add(heartbeat_routes(parts_.engine_loop, parts_.engine, parts_.engine_runs));
}

void LiveSite::configure(const config::Config& now) {
    view_for_tools_.publish(
        std::make_shared<const exporters::PrometheusView>(prometheus_view(*first_, now)));
    queries_->set_semantics(semantics_of(now));
}

void LiveSite::stop() {
    queries_->stop();
}

exporters::SharedSnapshot LiveSite::current_snapshot() {
    if (parts_.engine_runs) {
        // The engine answers in microseconds; if it is stuck, the page says so by the old stamp.
        auto fresh =
            parts_.engine_loop.ask([this] { return parts_.engine->snapshot(); }, kSnapshotPatience);
        if (fresh) snapshot_.publish(*fresh);
    }
    return snapshot_.load();
}

}  // namespace pilotlight::app
