#pragma once

#include <string>
#include <string_view>

#include "rules/promql/compatibility.h"
#include "rules/promql/evaluate.h"
#include "series/store.h"

namespace pilotlight::promql {

/// Series written down in promtool's notation, and what expressions make of them.
class Sheet {
  public:
    explicit Sheet(std::string_view interval = "1m",
                   Compatibility compatibility = Compatibility::prometheus3);

    /// `sheet.load("m{a=\"b\"}", "1+2x3 _ stale")`.
    Sheet& load(std::string_view series, std::string_view values);

    /// Samples sorted by labels, as `m{a="b"} 1; {} 2`; a scalar as its number, a string in
    /// quotes, a matrix as `{} 1@60 2@120`; `error: ...` where there is no value.
    [[nodiscard]] std::string eval(std::string_view expr, std::string_view at = "0s") const;
    /// The samples in the order of the answer.
    [[nodiscard]] std::string eval_ordered(std::string_view expr, std::string_view at = "0s") const;
    [[nodiscard]] std::string eval_range(std::string_view expr, std::string_view start,
                                         std::string_view end, std::string_view step) const;

    EvalOptions options;
    series::Store store;

  private:
    [[nodiscard]] std::string print(const Result<Value>& value, bool sorted) const;
    [[nodiscard]] Result<Value> value(std::string_view expr, std::string_view at) const;

    Duration interval_;
};

}  // namespace pilotlight::promql
