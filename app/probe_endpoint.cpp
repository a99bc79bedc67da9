#include "app/probe_endpoint.h"

#include <charconv>
#include <future>

#include "app/families.h"
#include "app/probe_report.h"
#include "exporters/origin.h"
#include "exporters/text_writer.h"

namespace pilotlight::app {
namespace {

using exporters::Request;
using exporters::Response;

constexpr Duration kLookEvery{50};

Response refusal(int status, std::string text) {
    return exporters::text_response(status, std::move(text) + "\n");
}

Response metrics_response(const SampleBatch& batch, const Request& request) {
    const auto format = exporters::negotiate_text_format(request.header("Accept"));
    Response response;
    response.content_type = exporters::content_type(format);
    response.headers.emplace_back("Vary", "Accept, Accept-Encoding");
    response.body = exporters::write_metrics({}, &batch, &describe_family, format);
    return exporters::with_gzip(request, std::move(response));
}

}  // namespace

/// A place among those that probe.
class ProbeEndpoint::Seat {
  public:
    explicit Seat(std::atomic<std::uint64_t>& running)
        : running_(running), taken_(running_.fetch_add(1) < kAtOnce) {}
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    ~Seat() { --running_; }
    [[nodiscard]] bool is_taken() const { return taken_; }

  private:
    std::atomic<std::uint64_t>& running_;
    bool taken_;
};

std::vector<exporters::ExtraRoute> ProbeEndpoint::routes() {
    using exporters::Access;
    const auto probe_it = [this](const Request& request) { return probe(request); };
    return {
        {"GET", "/probe", Access::read, probe_it},
        {"POST", "/probe", Access::read, probe_it},
        {"GET", "/logs", Access::read, [this](const Request& request) { return logs(request); }}};
}

Response ProbeEndpoint::probe(const Request& request) {
    const auto config = config_.load();
    if (config == nullptr || stopping_) return refusal(503, "no configuration is live");
    const bool anything = !exporters::refuse_change(request, parts_.host_names);
    auto wanted = read_probe_request(request, *config, anything);
    if (!wanted) return refusal(wanted.error().status, wanted.error().text);
    const Seat seat(running_);
    if (!seat.is_taken()) {
        parts_.full(++sent_away_);
        Response response = refusal(503, "too many probes run at once");
        response.headers.emplace_back("Retry-After", "1");
        return response;
    }
    return run(std::move(*wanted), request);
}

Response ProbeEndpoint::run(ProbeRequest wanted, const Request& request) {
    if (wanted.debug) wanted.prepared.prober->always_give_evidence();
    const auto ended = wait(std::move(wanted.prepared));
    if (!ended) return refusal(503, "no probe can be run now");
    const SharedBatch samples = samples_of(*ended);
    PastProbe past = past_probe(wanted.module, wanted.target, wanted.is_open, *ended, samples);
    Response response = wanted.debug ? exporters::text_response(200, debug_text(past))
                                     : metrics_response(*samples, request);
    history_.add(std::move(past));
    return response;
}

std::optional<probes::ProbeRun> ProbeEndpoint::wait(probes::PreparedTarget target) {
    probes::Runner* const runner = parts_.runner();
    if (runner == nullptr) return std::nullopt;
    std::future<probes::ProbeRun> ended = runner->probe_now(std::move(target));
    while (ended.wait_for(kLookEvery) != std::future_status::ready) {
        if (stopping_) return std::nullopt;
    }
    try {
        return ended.get();
    } catch (const std::future_error&) {
        return std::nullopt;
    }
}

Response ProbeEndpoint::logs(const Request& request) const {
    const std::string_view id = request.parameter("id");
    const std::string_view target = request.parameter("target");
    const bool everything = !exporters::refuse_change(request, parts_.host_names);
    if (id.empty() && target.empty()) {
        auto probes = history_.all();
        std::erase_if(probes, [&](const auto& each) { return !everything && !each->is_open; });
        return exporters::text_response(200, list_text(probes));
    }
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    const bool is_number = !id.empty() && error == std::errc{} && end == id.data() + id.size();
    if (is_number && !target.empty()) {
        return refusal(400, "Probe id and target can't be defined at the same time");
    }
    if (!is_number && target.empty()) {
        return refusal(400, "Probe id or target must be defined as http query parameters");
    }
    SharedPastProbe found;
    if (everything) {
        found =
            is_number ? history_.by_id(number) : history_.by_target(config::redact_address(target));
    }
    if (found == nullptr) {
        return refusal(404, is_number ? "Probe id not found" : "Probe target not found");
    }
    return exporters::text_response(200, debug_text(*found));
}

}  // namespace pilotlight::app
