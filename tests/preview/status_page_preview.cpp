// Serves the status page of a made-up state, for looking at it while it is worked on:
//   status_page_preview calm|outage|empty|away [PORT]
// "away" answers once and fails from then on. Prints the address; ends with its standard input.
#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "exporters/http_server.h"
#include "exporters/site.h"
#include "tests/exporters/made_up.h"

namespace {

using namespace pilotlight;
using namespace pilotlight::exporters;

SharedSnapshot snapshot_of(std::string_view state) {
    const WallTime now = wall_now();
    if (state == "calm") return std::make_shared<const Snapshot>(made_up::calm(now));
    if (state == "outage") return std::make_shared<const Snapshot>(made_up::outage(now));
    Snapshot empty;
    empty.at = empty.started_at = now;
    return std::make_shared<const Snapshot>(std::move(empty));
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view state = argc > 1 ? argv[1] : "outage";
    Site site = made_up::site_of({});
    site.snapshot = [state] { return snapshot_of(state == "away" ? "calm" : state); };
    std::atomic<int> answered = 0;
    const auto answer = [&](const Request& request) {
        const bool status = request.path == "/api/status";
        if (state == "away" && status && answered++ > 0) throw std::runtime_error("gone away");
        return handle(request, site, wall_now());
    };
    auto server = HttpServer::start("127.0.0.1", argc > 2 ? std::atoi(argv[2]) : 0, answer);
    if (!server) {
        fmt::print(stderr, "{}\n", server.error().to_string());
        return 2;
    }
    fmt::print("http://127.0.0.1:{}/\n", (*server)->port());
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
    return 0;
}
