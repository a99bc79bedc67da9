#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/time.h"
#include "exporters/query/parameters.h"
#include "exporters/query/reading.h"
#include "exporters/query/reads.h"
#include "rules/promql/compatibility.h"

namespace pilotlight::query {

/// What a configuration says of queries; changes with each reload.
struct Semantics {
    promql::Compatibility compatibility = promql::Compatibility::prometheus3;
    /// The step of subqueries that give none.
    Duration subquery_step = std::chrono::minutes(1);
};

struct Limits {
    /// Of one query, waiting for its turn included; a request can only ask for less.
    Duration timeout = std::chrono::minutes(2);
    /// Samples that an evaluation reads and makes (Prometheus's --query.max-samples).
    std::uint64_t samples = 50'000'000;
    /// Of a document, uncompressed.
    std::size_t answer_bytes = std::size_t{256} << 20;
    ReadingLimits reading;
};

/// Of an expression or selector; a form may be no longer than that.
inline constexpr std::size_t kExpressionBytesMax = std::size_t{10} << 20;

/// Asked now and then by whatever takes long: true when nobody waits any more.
using Over = std::function<bool()>;

/// A request that was understood: what it reads, and what it makes of that.
struct Job {
    std::vector<Read> reads;
    Reading::What what = Reading::What::samples;
    Duration timeout{};
    /// The whole document of an answer. Where `over` interrupted it, what it gives is not used.
    /// Thread: any, once.
    std::function<Answer<std::string>(Reading::Copies, const Over& over)> work;
};

}  // namespace pilotlight::query
