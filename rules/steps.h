#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/labels.h"
#include "core/time.h"
#include "rules/promql/ast.h"
#include "rules/promql/evaluate.h"
#include "series/store.h"

namespace pilotlight::rules {

/// One subexpression with its value, for people: what `pilotlight explain` shows.
struct Step {
    /// The most rows that are shown of one step; what is more is counted.
    static constexpr std::size_t kRowsMax = 8;

    struct Row {
        Labels labels;
        /// "9", or of a range "12 samples, 3 to 9".
        std::string value;
        /// Of a selector: how old the sample is.
        std::optional<Duration> age;
    };
    /// How deep it stands in the expression: 0 is the whole.
    int depth = 0;
    /// As written, in one line.
    std::string text;
    std::vector<Row> rows;
    /// All rows, shown or not.
    std::size_t row_count = 0;
    /// What else is to be known: "no series match queue{shard=\"1\"}; ...", or why it failed.
    std::string note;
};

/// The value of every step of an expression at one time, evaluated once, to be asked about any row.
class Steps {
  public:
    /// Steps beyond it are left away, innermost last.
    static constexpr std::size_t kStepsMax = 100;

    /// `text` is what `expr` was parsed from, `known` has every series (if only its labels) for
    /// what is near one that `store` has not. Cost: one evaluation for each step; `options` bounds
    /// each. All must outlive this.
    Steps(const promql::Expr& expr, const std::string& text, const series::Store& store,
          const series::Store& known, const promql::EvalOptions& options);

    /// Only what shares the row's labels, as far as it has them; all for an empty row.
    [[nodiscard]] std::vector<Step> of(const Labels& row) const;

  private:
    void add(const promql::Expr& part, int depth);
    void add_value(const promql::Expr& part, Step& step) const;
    void add_selector(const promql::VectorSelector& selector, Step& step) const;
    [[nodiscard]] std::string why_nothing(const promql::VectorSelector& selector) const;

    const promql::Expr& root_;
    const std::string& text_;
    const series::Store& store_;
    const series::Store& known_;
    const promql::EvalOptions& options_;
    /// With all their rows.
    std::vector<Step> steps_;
};

}  // namespace pilotlight::rules
