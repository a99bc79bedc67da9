#include "app/demo/application.h"

#include <fmt/format.h>

#include <cmath>
#include <thread>

namespace pilotlight::app::demo {
namespace {

constexpr double kRequestsPerSecond = 40;
constexpr double kFailingShare = 0.2;
constexpr Duration kSlowAnswer{2500};

}  // namespace

exporters::Response Application::handle(const exporters::Request& request) {
    const SteadyTime now = steady_now();
    if (request.path == "/api/health") return health(now);
    if (request.path == "/metrics") {
        auto response = exporters::text_response(200, metrics(now));
        response.content_type = "text/plain; version=0.0.4; charset=utf-8";
        return response;
    }
    return exporters::json_response(404, R"({"error":"not found"})");
}

exporters::Response Application::health(SteadyTime now) const {
    // Being slow is what this is for; the demo's server has threads to spare.
    if (faults_.is_on("slow", now)) std::this_thread::sleep_for(kSlowAnswer);
    if (faults_.is_on("app-down", now)) {
        return exporters::json_response(503, R"({"status":"error","database":"unreachable"})");
    }
    return exporters::json_response(200, R"({"status":"ok","database":"ok","cache":"ok"})");
}

std::string Application::metrics(SteadyTime now) {
    const std::scoped_lock lock(mutex_);
    const double seconds = std::chrono::duration<double>(now - last_traffic_).count();
    last_traffic_ = now;
    const double requests = seconds * kRequestsPerSecond;
    const double share = faults_.is_on("error-rate", now) ? kFailingShare : 0;
    succeeded_ += requests * (1 - share);
    failed_ += requests * share;
    busy_seconds_ += requests * 0.012;
    return fmt::format(
        "# HELP http_requests_total Requests answered.\n"
        "# TYPE http_requests_total counter\n"
        "http_requests_total{{method=\"GET\",status=\"200\"}} {}\n"
        "http_requests_total{{method=\"GET\",status=\"500\"}} {}\n"
        "# HELP http_request_duration_seconds_sum Time spent answering.\n"
        "# TYPE http_request_duration_seconds_sum counter\n"
        "http_request_duration_seconds_sum {}\n",
        std::floor(succeeded_), std::floor(failed_), busy_seconds_);
}

}  // namespace pilotlight::app::demo
