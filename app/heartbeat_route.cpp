#include "app/heartbeat_route.h"

#include <future>
#include <string>
#include <string_view>
#include <utility>

#include "probes/heartbeat_address.h"

namespace pilotlight::app {
namespace {

using exporters::Request;
using exporters::Response;

constexpr std::string_view kPath = "/heartbeat/";
constexpr Duration kPatience{5'000};
constexpr Duration kCommitPatience{2'000};

Response refuse(int status, std::string_view why) {
    return exporters::error_response(
        status, status == 503 || status == 429 ? "unavailable" : "bad_request", why);
}

Response later(int status, std::string_view why) {
    Response response = refuse(status, why);
    response.headers.emplace_back("Retry-After", "1");
    return response;
}

/// As `?token=`, which the simplest clients can, or as a bearer's.
std::string_view token_of(const Request& request) {
    constexpr std::string_view kBearer = "Bearer ";
    const std::string_view header = request.header("Authorization");
    if (header.starts_with(kBearer)) return header.substr(kBearer.size());
    return request.query_parameter("token");
}

/// `rid` is what healthchecks.io calls it.
std::string_view run_of(const Request& request) {
    const std::string_view run = request.query_parameter("run");
    return run.empty() ? request.query_parameter("rid") : run;
}

class Listener {
  public:
    Listener(runtime::Loop& loop, const std::unique_ptr<Engine>& engine,
             const std::atomic<bool>& runs)
        : loop_(loop), engine_(engine), runs_(runs) {}

    Response handle(const Request& request) {
        if (!runs_) return later(503, "Pilotlight is not listening yet, expected a later attempt");
        const probes::HeartbeatAddress address =
            probes::split_heartbeat_address(std::string_view(request.path).substr(kPath.size()));
        switch (engine_->heartbeat_doors().knock(address.name, token_of(request), steady_now())) {
            case HeartbeatDoors::Answer::unknown:
                return unknown();
            case HeartbeatDoors::Answer::wrong_token:
                return locked();
            case HeartbeatDoors::Answer::too_often:
                return later(429, "too many pings of this heartbeat, expected a later attempt");
            case HeartbeatDoors::Answer::open:
                break;
        }
        Result<probes::HeartbeatPing> ping =
            probes::read_heartbeat_ping(address.action, run_of(request));
        if (!ping) return refuse(400, ping.error().message);
        ping->body = engine_->heartbeat_doors().kept_of(address.name, request.body);
        return tell(std::string(address.name), std::move(*ping));
    }

  private:
    static Response unknown() { return refuse(404, "no heartbeat has this name"); }
    static Response locked() {
        Response response = refuse(401, "this heartbeat needs its token");
        response.headers.emplace_back("WWW-Authenticate", "Bearer");
        return response;
    }

    Response tell(std::string name, probes::HeartbeatPing ping) {
        const auto promise = std::make_shared<std::promise<bool>>();
        std::future<bool> written = promise->get_future();
        const auto known = loop_.ask(
            [this, promise, name = std::move(name), ping = std::move(ping)] {
                return engine_->heartbeat(name, ping, [promise](const Result<void>& result) {
                    promise->set_value(result.has_value());
                });
            },
            kPatience);
        if (!known) return later(503, "the ping could not be taken, expected a later attempt");
        if (!*known) return unknown();
        if (written.wait_for(kCommitPatience) != std::future_status::ready || !written.get()) {
            return later(503, "the ping counts, but is not on disk yet, expected a later attempt");
        }
        Response response = exporters::text_response(200, "OK\n");
        response.headers.emplace_back("Cache-Control", "no-store");
        return response;
    }

    runtime::Loop& loop_;
    const std::unique_ptr<Engine>& engine_;
    const std::atomic<bool>& runs_;
};

}  // namespace

std::vector<exporters::ExtraRoute> heartbeat_routes(runtime::Loop& loop,
                                                    const std::unique_ptr<Engine>& engine,
                                                    const std::atomic<bool>& runs) {
    const auto listener = std::make_shared<Listener>(loop, engine, runs);
    std::vector<exporters::ExtraRoute> routes;
    for (const char* method : {"GET", "POST"}) {
        routes.push_back({.method = method,
                          .path = std::string(kPath),
                          .access = exporters::Access::read,
                          .handle = [listener](const Request& r) { return listener->handle(r); }});
    }
    return routes;
}

}  // namespace pilotlight::app
