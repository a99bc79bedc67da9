#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/error.h"

/// JSONPath, RFC 9535, without its functions: names, indexes, slices, wildcards, descendants and
/// filters with comparisons.
namespace pilotlight::probes {

/// A literal of a path, or of a condition.
struct JsonNull {
    bool operator==(const JsonNull&) const = default;
};
using JsonLiteral = std::variant<JsonNull, bool, double, std::string>;

struct JsonFilter;

struct JsonSelector {
    struct Wildcard {};
    /// RFC 9535, 2.3.4. A step of 0 selects nothing.
    struct Slice {
        std::optional<std::int64_t> start;
        std::optional<std::int64_t> end;
        std::int64_t step = 1;
    };
    /// A name, an index (from the end where negative), or several at once.
    std::variant<std::string, std::int64_t, Wildcard, Slice, std::shared_ptr<const JsonFilter>>
        what;
};

struct JsonSegment {
    /// `..`: of all that lies below, too.
    bool descendant = false;
    std::vector<JsonSelector> selectors;
};

/// From the document's root, or in a filter from the node that it looks at.
struct JsonQuery {
    bool from_root = true;
    std::vector<JsonSegment> segments;
};

/// An expression of a filter.
struct JsonFilter {
    enum class Kind { any_of, all_of, negated, exists, compared };
    enum class Comparison { equal, not_equal, less, less_or_equal, greater, greater_or_equal };
    using Operand = std::variant<JsonLiteral, JsonQuery>;

    Kind kind = Kind::exists;
    /// Of any_of, all_of; one of negated.
    std::vector<std::shared_ptr<const JsonFilter>> parts{};
    JsonQuery query{};
    Comparison comparison = Comparison::equal;
    Operand left{};
    Operand right{};
};

/// A path that was read. Immutable; any thread.
class JsonPath {
  public:
    /// Of the text; a path beyond it, or nested deeper, is refused.
    static constexpr std::size_t kTextMax = 4'096;
    static constexpr int kNestingMax = 32;

    /// The error says at which column of the text it is, the first being 1.
    [[nodiscard]] static Result<JsonPath> parse(std::string_view text);

    [[nodiscard]] const JsonQuery& query() const { return query_; }
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    std::string text_;
    JsonQuery query_;
};

}  // namespace pilotlight::probes
