#include "app/explain_route.h"

#include <fmt/format.h>

#include <memory>
#include <new>
#include <utility>

#include "app/explain_json.h"
#include "exporters/query/gate.h"
#include "exporters/query/reading.h"
#include "exporters/query/yielding.h"

namespace pilotlight::app {
namespace {

using Over = std::function<bool()>;

/// As long as an answer may take, waiting for its turn included.
constexpr Duration kPatience{5'000};
constexpr query::Gate::Room kRoom{.inside = 1, .waiting = 4};
constexpr query::ReadingLimits kReadLimits{.series = 10'000'000};
/// Far from overflow.
constexpr WallTime kFirst{Duration{-(1LL << 53)}};
constexpr WallTime kLast{Duration{1LL << 53}};

exporters::Response refuse(std::string_view message) {
    return exporters::error_response(400, "bad_data", message);
}

exporters::Response unavailable(std::string_view message) {
    return exporters::error_response(503, "unavailable", message);
}

Result<rules::ExplainQuery> query_of(const exporters::Request& request) {
    rules::ExplainQuery query;
    query.name = request.parameter("alert");
    if (query.name.empty()) return fail("expected the parameter \"alert\", a rule's name");
    LabelsBuilder labels;
    for (const auto& [name, value] : request.parameters) {
        if (name != "label") continue;
        const std::size_t equals = value.find('=');
        if (equals == std::string::npos || equals == 0) {
            return fail(fmt::format("expected label=NAME=VALUE, got \"{}\"", value));
        }
        labels.set(std::string_view(value).substr(0, equals),
                   std::string_view(value).substr(equals + 1));
    }
    query.labels = labels.build();
    return query;
}

std::vector<query::Read> reads_of(const Inquiries& inquiries) {
    std::vector<query::Read> reads;
    for (const rules::Inquiry& inquiry : inquiries.rules) {
        for (Matchers& matchers : inquiry.reads())
            reads.push_back({std::move(matchers), kFirst, kLast});
    }
    return reads;
}

series::Store store_of(query::Reading::Copies copies) {
    series::Store store({.series_limit = SIZE_MAX, .retention = {}});
    for (series::SeriesCopy& copy : copies)
        (void)store.adopt(std::move(copy));
    return store;
}

class Turn {
  public:
    explicit Turn(query::Gate& gate) : gate_(gate) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { gate_.leave(); }

  private:
    query::Gate& gate_;
};

/// Answers requests on the threads that bring them.
class Explainer {
  public:
    Explainer(runtime::Loop& loop, std::function<Engine*()> engine)
        : loop_(loop), engine_(std::move(engine)) {}

    exporters::Response answer(const exporters::Request& request);

  private:
    exporters::Response explain(Engine& engine, const rules::ExplainQuery& query, const Over& over);
    /// Copies of what is read, or nothing where they are too many or do not come in time.
    std::optional<query::Reading::Copies> copy(Engine& engine, std::vector<query::Read> reads,
                                               query::Reading::What what, const Over& over);
    /// Every series' labels, where one of the selectors finds nothing in `store`.
    std::optional<query::Reading::Copies> copy_names(Engine& engine, const Inquiries& inquiries,
                                                     const series::Store& store, const Over& over);

    runtime::Loop& loop_;
    std::function<Engine*()> engine_;
    query::Gate gate_{kRoom};
};

exporters::Response Explainer::answer(const exporters::Request& request) {
    const auto query = query_of(request);
    if (!query) return refuse(query.error().message);
    const SteadyTime end = steady_now() + kPatience;
    const Over over = [end] { return steady_now() >= end; };
    if (gate_.enter(over) != query::Gate::Outcome::entered) {
        return unavailable("others ask for explanations already");
    }
    const Turn turn(gate_);
    Engine* const engine = engine_();
    if (engine == nullptr) return unavailable("the engine does not run");
    try {
        return explain(*engine, *query, over);
    } catch (const std::bad_alloc&) {
        return unavailable("the explanation needs more memory than there is");
    }
}

exporters::Response Explainer::explain(Engine& engine, const rules::ExplainQuery& query,
                                       const Over& over) {
    auto asked = loop_.ask([&engine, query] { return engine.inquire(query); }, kPatience);
    if (!asked) return unavailable("the engine does not answer");
    if (!*asked) return exporters::error_response(404, "not_found", asked->error().message);
    Inquiries inquiries = std::move(**asked);
    auto copies = copy(engine, reads_of(inquiries), query::Reading::What::samples, over);
    if (!copies) return unavailable("what the rules read cannot be copied within the limits");
    std::string document;
    query::run_yielding([&] {
        const series::Store store = store_of(std::move(*copies));
        auto names = copy_names(engine, inquiries, store, over);
        const series::Store known = store_of(names ? std::move(*names) : query::Reading::Copies());
        std::vector<rules::Explanation> explanations;
        for (rules::Inquiry& inquiry : inquiries.rules)
            explanations.push_back(rules::explain(std::move(inquiry), {store, known}, over));
        document = explain_json(explanations, inquiries.facts, inquiries.at);
    });
    return exporters::json_response(200, std::move(document));
}

std::optional<query::Reading::Copies> Explainer::copy(Engine& engine,
                                                      std::vector<query::Read> reads,
                                                      query::Reading::What what, const Over& over) {
    if (reads.empty()) return query::Reading::Copies{};
    const auto reading = std::make_shared<query::Reading>(std::move(reads), what, kReadLimits);
    loop_.post([&engine, reading] { engine.read(reading); });
    if (reading->wait(over) != query::Reading::Outcome::complete) return std::nullopt;
    return reading->take();
}

std::optional<query::Reading::Copies> Explainer::copy_names(Engine& engine,
                                                            const Inquiries& inquiries,
                                                            const series::Store& store,
                                                            const Over& over) {
    for (const query::Read& read : reads_of(inquiries)) {
        if (!store.select(read.matchers).empty()) continue;
        return copy(engine, {{Matchers{}, kFirst, kLast}}, query::Reading::What::labels_only, over);
    }
    return query::Reading::Copies{};
}

}  // namespace

exporters::ExtraRoute explain_route(runtime::Loop& engine_loop, std::function<Engine*()> engine) {
    const auto explainer = std::make_shared<Explainer>(engine_loop, std::move(engine));
    return {.method = "GET",
            .path = "/api/explain",
            .access = exporters::Access::read,
            .handle = [explainer](const exporters::Request& request) {
                return explainer->answer(request);
            }};
}

}  // namespace pilotlight::app
