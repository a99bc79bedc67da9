#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/postgres_connection.h"
#include "probes/probe.h"

namespace pilotlight::probes {

/// A question to PostgreSQL and what its rows mean, in postgres_exporter's names.
/// Source: postgres_exporter's collector/*.go and queries; PostgreSQL 10 and later.
struct PostgresQuestion {
    std::string_view sql;
    void (*read)(const PostgresRows& rows, std::vector<Measurement>& out);
    /// Costs the server a walk through its files: not at every probe.
    bool expensive = false;
};

[[nodiscard]] std::span<const PostgresQuestion> postgres_questions();

}  // namespace pilotlight::probes
