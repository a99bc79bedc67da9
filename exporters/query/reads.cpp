#include "exporters/query/reads.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "core/labels.h"
#include "rules/promql/functions.h"

namespace pilotlight::query {
namespace {

/// Each costs a look at every series.
constexpr std::size_t kSelectorsMax = 1000;

struct Span {
    WallTime from;
    WallTime to;

    void widen(const Span& other) {
        from = std::min(from, other.from);
        to = std::max(to, other.to);
    }
};

/// Walks down an expression with the times at which each part is evaluated.
class Walk {
  public:
    Walk(const Times& times, Duration lookback) : times_(times), lookback_(lookback) {}

    void visit(const promql::Expr& expr, const Span& at) {
        if (const auto* selector = std::get_if<promql::VectorSelector>(&expr.node)) {
            add(*selector, at, Duration{0});
        } else if (const auto* matrix = std::get_if<promql::MatrixSelector>(&expr.node)) {
            add(matrix->selector, at, resolve(matrix->range));
        } else if (const auto* subquery = std::get_if<promql::Subquery>(&expr.node)) {
            Span inner = shifted(subquery->shift, at);
            inner.from -= resolve(subquery->range);
            visit(*subquery->expr, inner);
        } else if (const auto* call = std::get_if<promql::Call>(&expr.node);
                   call != nullptr && call->function->name == "info") {
            visit(*call->arguments[0], at);
            add_info(*call, at);
        } else {
            for (const promql::Expr* child : promql::children(expr))
                visit(*child, at);
        }
    }

    std::expected<std::vector<Read>, std::string> finish() {
        if (!error_.empty()) return std::unexpected(std::move(error_));
        // A series of one read may be another's too: then both must see as far. Only reads of
        // different fixed names have nothing in common.
        const bool apart = !spans_.contains({});
        for (Read& read : reads_) {
            const Span& span = apart ? spans_.at(fixed_name(read.matchers)) : all();
            read.from = span.from;
            read.to = span.to;
        }
        return std::move(reads_);
    }

  private:
    static std::string fixed_name(const Matchers& matchers) {
        for (const Matcher& matcher : matchers) {
            if (matcher.name() == kMetricName && matcher.op() == Matcher::Op::equal) {
                return matcher.value();
            }
        }
        return {};
    }

    /// info() reads whatever has the names that its second argument asks for, at the times of what
    /// its first one reads.
    void add_info(const promql::Call& call, const Span& at) {
        Matchers names;
        if (call.arguments.size() > 1) {
            const auto& selector = std::get<promql::VectorSelector>(call.arguments[1]->node);
            std::ranges::copy_if(
                selector.matchers, std::back_inserter(names),
                [](const Matcher& matcher) { return matcher.name() == kMetricName; });
        }
        if (names.empty()) {
            names.push_back(
                *Matcher::make(std::string(kMetricName), Matcher::Op::equal, "target_info"));
        }
        Span span{at.from - lookback_, at.to};
        if (!spans_.empty()) span.widen(all());
        add(std::move(names), span);
    }

    Span& all() {
        Span& whole = spans_.begin()->second;
        for (const auto& [name, span] : spans_)
            whole.widen(span);
        return whole;
    }

    Duration resolve(const promql::DurationExpr& length) {
        if (length.node == nullptr) return length.value;
        const auto seconds = promql::evaluate(*length.node, times_.step, times_.end - times_.start);
        if (!seconds) return failed(seconds.error());
        const auto duration = promql::to_duration(*seconds);
        return duration ? *duration : failed(duration.error());
    }

    Duration failed(const std::string& message) {
        if (error_.empty()) error_ = message;
        return Duration{0};
    }

    Span shifted(const promql::TimeShift& shift, Span at) {
        if (shift.at) {
            switch (shift.at->kind) {
                case promql::AtModifier::Kind::time:
                    at = {shift.at->time, shift.at->time};
                    break;
                case promql::AtModifier::Kind::start:
                    at = {times_.start, times_.start};
                    break;
                case promql::AtModifier::Kind::end:
                    at = {times_.end, times_.end};
                    break;
            }
        }
        const Duration offset = resolve(shift.offset);
        return {at.from - offset, at.to - offset};
    }

    void add(const promql::VectorSelector& selector, const Span& at, Duration range) {
        Span span = shifted(selector.shift, at);
        span.from -= range + lookback_;
        if (selector.mode != promql::RangeMode::plain) span.to += lookback_;
        add(selector.matchers, span);
    }

    void add(Matchers matchers, const Span& span) {
        const auto [known, is_new] = spans_.try_emplace(fixed_name(matchers), span);
        if (!is_new) known->second.widen(span);
        const bool repeated = std::ranges::any_of(
            reads_, [&](const Read& read) { return read.matchers == matchers; });
        if (repeated) return;
        if (reads_.size() >= kSelectorsMax) {
            failed(
                fmt::format("the expression has more than {} different selectors", kSelectorsMax));
            return;
        }
        reads_.push_back({std::move(matchers), span.from, span.to});
    }

    Times times_;
    Duration lookback_;
    std::vector<Read> reads_;
    std::map<std::string, Span> spans_;
    std::string error_;
};

}  // namespace

std::expected<std::vector<Read>, std::string> reads_of(const promql::Expr& expr, const Times& times,
                                                       Duration lookback) {
    Walk walk(times, lookback);
    walk.visit(expr, {times.start, times.end});
    return walk.finish();
}

}  // namespace pilotlight::query
