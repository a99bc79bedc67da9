#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pilotlight::exporters {

/// Takes the query out of a request's first line as it passes by, so that it may hold whatever Go's
/// net/url takes: a second `?`, or more bytes than an HTTP library wants in an address.
class RequestLine {
  public:
    explicit RequestLine(std::size_t query_bytes_max) : query_bytes_max_(query_bytes_max) {}

    /// Copies `bytes`, the next ones of a request, to `to`, which has room for them, without those
    /// of the query; says how many that were.
    std::size_t pass(std::string_view bytes, char* to);

    /// Once the line has passed: whether its address had a `?`, and what stood behind the first.
    [[nodiscard]] bool has_query() const { return has_query_; }
    [[nodiscard]] const std::string& query() const { return query_; }
    /// The query was longer than it may be, and is cut.
    [[nodiscard]] bool is_too_long() const { return too_long_; }

  private:
    enum class Part { before_query, query, rest };

    std::size_t query_bytes_max_;
    Part part_ = Part::before_query;
    std::string query_;
    bool has_query_ = false;
    bool too_long_ = false;
};

}  // namespace pilotlight::exporters
