// What a PostgreSQL server says: rows of texts (lines, columns parted by tabs, `\N` for null), and
// its words when it refuses; and the address that people write.
#include "core/check.h"
#include "probes/postgres_connection.h"
#include "probes/postgres_failure.h"
#include "probes/postgres_metrics.h"

namespace pilotlight::fuzz {

namespace {

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = text.find(at);
        parts.push_back(text.substr(0, end));
        if (end == text.npos) return parts;
        text.remove_prefix(end + 1);
    }
}

/// As many columns as come: the server may be none.
probes::PostgresRows rows_of(std::string_view input) {
    probes::PostgresRows rows;
    for (const std::string_view line : split(input, '\n')) {
        probes::PostgresRow& row = rows.emplace_back();
        for (const std::string_view cell : split(line, '\t')) {
            if (cell == "\\N") {
                row.emplace_back();
            } else {
                row.emplace_back(std::string(cell));
            }
        }
    }
    return rows;
}

}  // namespace

void postgres_rows(std::string_view input) {
    const auto rows = rows_of(input);
    for (const auto& question : probes::postgres_questions()) {
        std::vector<probes::Measurement> measurements;
        question.read(rows, measurements);
        question.read({}, measurements);
    }
    PILOT_CHECK(!probes::failure_of_message(input).outcome.reason.empty());
    const auto address = probes::parse_postgres_address(std::string(input));
    if (address) PILOT_CHECK(!address->parameters.contains("password"));
}

}  // namespace pilotlight::fuzz
