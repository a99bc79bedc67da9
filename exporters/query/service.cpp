#include "exporters/query/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "exporters/query/evaluation.h"
#include "exporters/query/json_text.h"
#include "exporters/query/names.h"
#include "exporters/query/statistics.h"
#include "exporters/query/syntax_tree.h"
#include "exporters/query/yielding.h"
#include "rules/promql/printer.h"

namespace pilotlight::query {
namespace {

constexpr std::string_view kApi = "/api/v1/";
constexpr std::string_view kLabel = "/api/v1/label/";
constexpr std::string_view kValues = "/values";

/// NAME of /api/v1/label/NAME/values; nothing for other paths.
std::optional<std::string_view> label_of(std::string_view path) {
    const bool values = path.starts_with(kLabel) && path.ends_with(kValues) &&
                        path.size() >= kLabel.size() + kValues.size();
    if (!values) return std::nullopt;
    path.remove_prefix(kLabel.size());
    path.remove_suffix(kValues.size());
    return path;
}

class Turn {
  public:
    explicit Turn(Gate& gate) : gate_(gate) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { gate_.leave(); }

  private:
    Gate& gate_;
};

}  // namespace

Service::Service(ServiceOptions options, const Semantics& semantics)
    : options_(std::move(options)), gate_(options_.room), semantics_(semantics) {}

void Service::set_semantics(const Semantics& semantics) {
    const std::lock_guard lock(mutex_);
    semantics_ = semantics;
}

Semantics Service::semantics() const {
    const std::lock_guard lock(mutex_);
    return semantics_;
}

std::vector<exporters::ExtraRoute> Service::routes() {
    std::vector<exporters::ExtraRoute> routes;
    const auto add = [&](std::string_view method, std::string path) {
        routes.push_back({.method = std::string(method),
                          .path = std::move(path),
                          .access = exporters::Access::read,
                          .handle = [this](const exporters::Request& request) {
                              return answer(request, wall_now());
                          }});
    };
    for (const char* name : {"query", "query_range", "query_exemplars", "format_query",
                             "parse_query", "series", "labels"}) {
        add("GET", std::string(kApi) + name);
        add("POST", std::string(kApi) + name);
    }
    for (const char* name : {"metadata", "targets/metadata", "status/tsdb", "label/"})
        add("GET", std::string(kApi) + name);
    return routes;
}

exporters::Response Service::answer(const exporters::Request& request, WallTime now) {
    const std::string_view name = std::string_view(request.path).substr(kApi.size());
    const bool quick = name == "metadata" || name == "targets/metadata" || name == "format_query" ||
                       name == "parse_query" || name == "query_exemplars";
    if (quick) {
        auto document = quick_answer(request);
        if (!document) return to_response(document.error());
        return with_gzip(request, exporters::json_response(200, std::move(*document)));
    }
    const auto job = job_of(request, now);
    return job ? run(request, *job) : to_response(job.error());
}

Answer<Job> Service::job_of(const exporters::Request& request, WallTime now) const {
    const std::string_view name = std::string_view(request.path).substr(kApi.size());
    if (name == "query") return instant_query(request, now, semantics(), options_.limits);
    if (name == "query_range") return range_query(request, semantics(), options_.limits);
    if (name == "series") return series_list(request, semantics(), options_.limits);
    if (name == "status/tsdb") return store_statistics(request, options_.limits);
    if (name == "labels") return label_names(request, semantics(), options_.limits);
    if (const auto label = label_of(request.path)) {
        return label_values(request, *label, semantics(), options_.limits);
    }
    return std::unexpected(ApiError{404, "not_found", "there is nothing at " + request.path});
}

Answer<std::string> Service::quick_answer(const exporters::Request& request) const {
    const std::string_view name = std::string_view(request.path).substr(kApi.size());
    if (name == "metadata") return metadata(request, options_.described());
    if (name == "targets/metadata") return targets_metadata(request, options_.described());
    const auto compatibility = compatibility_of(request, semantics().compatibility);
    if (!compatibility) return std::unexpected(compatibility.error());
    const auto expr = expression_of(request, *compatibility);
    if (!expr) return std::unexpected(expr.error());
    // Exemplars are not kept.
    if (name == "query_exemplars") return success_document("[]");
    if (name == "parse_query") return success_document(syntax_tree(**expr));
    std::string data;
    append_string(data, promql::to_string(**expr));
    return success_document(data);
}

ApiError Service::ended(std::string_view where) const {
    return stopping_ ? canceled(fmt::format("query was canceled in {}", where))
                     : timeout(fmt::format("query timed out in {}", where));
}

exporters::Response Service::run(const exporters::Request& request, const Job& job) {
    const SteadyTime deadline = steady_now() + std::max(job.timeout, Duration{0});
    const Over over = [this, deadline] { return stopping_ || steady_now() >= deadline; };
    if (over()) return to_response(ended("query execution"));
    switch (gate_.enter(over)) {
        case Gate::Outcome::full:
            return to_response(unavailable("too many queries wait for their turn already"));
        case Gate::Outcome::given_up:
            return to_response(ended("query queue"));
        case Gate::Outcome::entered:
            break;
    }
    const Turn turn(gate_);
    auto copies = read(job, over);
    if (!copies) return to_response(copies.error());
    try {
        return work(request, job, std::move(*copies), over);
    } catch (const std::bad_alloc&) {
        return to_response(execution("the query needs more memory than there is"));
    }
}

Answer<Reading::Copies> Service::read(const Job& job, const Over& over) {
    if (job.reads.empty()) return Reading::Copies{};
    const auto reading = std::make_shared<Reading>(job.reads, job.what, options_.limits.reading);
    if (!options_.read(reading)) {
        return std::unexpected(unavailable("no configuration is live yet"));
    }
    switch (reading->wait(over)) {
        case Reading::Outcome::given_up:
            return std::unexpected(ended("query preparation"));
        case Reading::Outcome::too_much:
            return std::unexpected(execution(
                "query processing would load too many samples into memory in query preparation"));
        case Reading::Outcome::complete:
            break;
    }
    return reading->take();
}

exporters::Response Service::work(const exporters::Request& request, const Job& job,
                                  Reading::Copies copies, const Over& over) {
    exporters::Response response;
    run_yielding([&] {
        auto document = job.work(std::move(copies), over);
        if (document) {
            response = with_gzip(request, exporters::json_response(200, std::move(*document)));
        } else if (over()) {
            response = to_response(ended("expression evaluation"));
        } else {
            response = to_response(document.error());
        }
    });
    return response;
}

}  // namespace pilotlight::query
