#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/labels.h"
#include "core/matcher.h"
#include "core/sample.h"
#include "core/time.h"
#include "series/series.h"

/// Recent samples in memory. Append, select, forget.
namespace pilotlight::series {

/// How far back each metric name is read. Names that nothing reads keep only their newest sample.
struct Retention {
    /// For every name, named or not: what selectors without a fixed metric name reach back.
    Duration everything{0};
    std::map<std::string, Duration, std::less<>> by_name;

    /// Keeps every sample for ever: for unit tests of rules and for queries over given series.
    [[nodiscard]] static Retention forever();
    [[nodiscard]] Duration of(std::string_view name) const;
    /// Raises what is kept of `name` to at least `reach`.
    void need(std::string_view name, Duration reach);
};

struct StoreOptions {
    /// A series beyond it is refused and counted.
    std::size_t series_limit = 1'000'000;
    Retention retention;
};

enum class Appended {
    stored,
    /// The same value at the same time once more: nothing to do, no error.
    repeated,
    /// Another value at a time that has one: the first stays.
    duplicate,
    out_of_order,
    series_limit,
};

/// What was refused since the store was made.
struct Refusals {
    std::uint64_t duplicate = 0;
    std::uint64_t out_of_order = 0;
    std::uint64_t series_limit = 0;
};

/// Names one series of a store as long as it is there; a series that was forgotten and came back
/// is another one.
struct SeriesRef {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
};

/// What a source (a target, a rule) brought last, so that what it no longer brings ends at once.
struct Origin {
    std::vector<SeriesRef> live;
};

/// Series by their labels with their newest sample, and compressed history as far as `Retention`
/// says. Thread: one owner; const calls build indexes on demand and are no exception.
/// Time: never reads a clock. Pointers to Series stay valid until forget() or clear().
class Store {
  public:
    explicit Store(StoreOptions options = {});
    ~Store();
    Store(Store&&) noexcept;
    Store& operator=(Store&&) noexcept;

    /// Appends one sample; stale_marker() as the value ends the series. `interval` is how often
    /// the series is expected: its newest value stays valid for `lookback_for(interval)` in live
    /// evaluation; 0 leaves it at the evaluation's own lookback.
    Appended append(const Labels& labels, WallTime at, double value, Duration interval = {});

    /// Appends all samples of the batch; returns how many were stored.
    std::size_t append(const SampleBatch& batch, Duration interval = {});

    /// The same, and every series that `origin` brought before and does not bring now gets a stale
    /// marker at the batch's time.
    std::size_t append(const SampleBatch& batch, Origin& origin, Duration interval);

    /// Stale markers at `at` for all that `origin` brought: it was removed. Empties it.
    void end(Origin& origin, WallTime at);
    /// A stale marker at `at` for every series that the matchers select and that has not ended.
    void end(const Matchers& matchers, WallTime at);

    /// Appends to `out` the series that all matchers match, in no order that means anything.
    void select(std::span<const Matcher> matchers, std::vector<const Series*>& out) const;
    [[nodiscard]] std::vector<const Series*> select(std::span<const Matcher> matchers) const;
    /// Visits what the matchers select a piece at a time, so that the owner can do something else
    /// in between: looks at up to `at_most` series from `where` on, and returns false once all were
    /// looked at. A series that is there throughout is visited at least once, perhaps twice,
    /// however the store changes between the calls. Builds no index.
    struct Where {
        std::size_t position = SIZE_MAX;
    };
    bool visit_some(std::span<const Matcher> matchers, Where& where, std::size_t at_most,
                    const std::function<void(const Series&)>& visit) const;
    /// Puts a copied series in, for readers of copies. False where one with these labels is there
    /// already, or no more series are allowed.
    bool adopt(SeriesCopy copy);

    /// Every series, for enumerations of names and values.
    void for_each(const std::function<void(const Series&)>& visit) const;

    /// Rules changed. History that nothing reads any more is dropped at once; new history starts
    /// with the newest sample.
    void set_retention(Retention retention);

    /// Drops series whose newest sample no evaluation at or after `now` can see any more, looking
    /// at up to `at_most` series from where the last call stopped. Returns how many were dropped.
    std::size_t forget(WallTime now, std::size_t at_most = SIZE_MAX);
    void clear();

    [[nodiscard]] std::size_t series() const;
    /// Samples in histories, plus the newest ones of series without history.
    [[nodiscard]] std::size_t samples() const;
    /// An estimate of the heap held, label sets included. Cost: O(series).
    [[nodiscard]] std::size_t bytes() const;
    [[nodiscard]] const Refusals& refusals() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace pilotlight::series
