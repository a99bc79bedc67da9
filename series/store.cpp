#include "series/store.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <unordered_map>

#include "core/check.h"
#include "series/name_entry.h"
#include "series/slot_table.h"

namespace pilotlight::series {
namespace {

struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
        return std::hash<std::string_view>{}(name);
    }
};

constexpr Duration kForever = Duration::max();

}  // namespace

Retention Retention::forever() {
    return {.everything = kForever, .by_name = {}};
}

Duration Retention::of(std::string_view name) const {
    const auto found = by_name.find(name);
    return found == by_name.end() ? everything : std::max(everything, found->second);
}

void Retention::need(std::string_view name, Duration reach) {
    const auto found = by_name.find(name);
    if (found == by_name.end()) {
        by_name.emplace(name, reach);
    } else {
        found->second = std::max(found->second, reach);
    }
}

struct Store::State {
    explicit State(StoreOptions given) : options(std::move(given)) {}

    StoreOptions options;
    std::deque<Series> all;
    std::vector<std::uint32_t> free_slots;
    SlotTable by_labels;
    std::unordered_map<std::string, std::unique_ptr<NameEntry>, NameHash, std::equal_to<>> names;
    Refusals refusals;
    std::size_t count = 0;
    /// Where forget() goes on.
    std::size_t forget_at = 0;

    [[nodiscard]] auto hash_of() const {
        return [this](std::uint32_t slot) { return all[slot].labels().hash(); };
    }
    [[nodiscard]] std::uint32_t find(const Labels& labels) const {
        return by_labels.find(labels.hash(),
                              [&](std::uint32_t slot) { return all[slot].labels_ == labels; });
    }
    NameEntry& entry(std::string_view name);
    std::uint32_t insert(const Labels& labels);
    void remove(std::uint32_t slot);
    Appended store(std::uint32_t slot, WallTime at, double value, Duration interval);
    Appended append(const Labels& labels, WallTime at, double value, Duration interval,
                    std::uint32_t& slot);
    static void put(Series& series, WallTime at, double value);
    static void start_history(Series& series);
    void select_among(NameEntry& entry, std::span<const Matcher> matchers,
                      std::vector<const Series*>& out) const;
};

NameEntry& Store::State::entry(std::string_view name) {
    const auto found = names.find(name);
    if (found != names.end()) return *found->second;
    auto made = std::make_unique<NameEntry>(std::string(name));
    made->retention = options.retention.of(name);
    return *names.emplace(std::string(name), std::move(made)).first->second;
}

std::uint32_t Store::State::insert(const Labels& labels) {
    std::uint32_t slot = 0;
    if (free_slots.empty()) {
        slot = static_cast<std::uint32_t>(all.size());
        all.emplace_back();
    } else {
        slot = free_slots.back();
        free_slots.pop_back();
    }
    Series& made = all[slot];
    made.labels_ = labels;
    made.name_ = &entry(labels.metric_name());
    made.position_ = static_cast<std::uint32_t>(made.name_->slots.size());
    made.name_->add(slot, labels);
    by_labels.insert(labels.hash(), slot, hash_of());
    ++count;
    return slot;
}

void Store::State::remove(std::uint32_t slot) {
    Series& gone = all[slot];
    NameEntry& name = *gone.name_;
    by_labels.remove(gone.labels_.hash(), slot, hash_of());
    name.remove(slot, gone.position_, gone.labels_);
    if (name.slots.empty()) {
        names.erase(names.find(name.name));
    } else if (gone.position_ < name.slots.size()) {
        all[name.slots[gone.position_]].position_ = gone.position_;
    }
    const std::uint32_t generation = gone.generation_ + 1;
    gone = Series();
    gone.generation_ = generation;
    free_slots.push_back(slot);
    --count;
}

void Store::State::start_history(Series& series) {
    series.history_ = std::make_unique<History>();
    series.history_->append(series.newest(), series.name_->retention);
}

void Store::State::put(Series& series, WallTime at, double value) {
    const Duration retention = series.name_->retention;
    series.newest_at_ = at.time_since_epoch().count();
    series.newest_value_ = value;
    if (retention > Duration{0}) {
        if (series.history_ == nullptr) series.history_ = std::make_unique<History>();
        series.history_->append({at, value}, retention);
    }
}

Appended Store::State::store(std::uint32_t slot, WallTime at, double value, Duration interval) {
    Series& series = all[slot];
    const WallTime newest = series.newest().at;
    if (at < newest) {
        ++refusals.out_of_order;
        return Appended::out_of_order;
    }
    if (at == newest) {
        const bool same = std::bit_cast<std::uint64_t>(value) ==
                          std::bit_cast<std::uint64_t>(series.newest_value_);
        if (same) return Appended::repeated;
        ++refusals.duplicate;
        return Appended::duplicate;
    }
    if (interval > Duration{0}) {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(lookback_for(interval));
        series.lookback_seconds_ = static_cast<std::uint32_t>(seconds.count());
    }
    put(series, at, value);
    return Appended::stored;
}

Appended Store::State::append(const Labels& labels, WallTime at, double value, Duration interval,
                              std::uint32_t& slot) {
    slot = find(labels);
    if (slot != SlotTable::kNone) return store(slot, at, value, interval);
    // Nothing to end.
    if (is_stale(value)) return Appended::repeated;
    if (count >= options.series_limit) {
        ++refusals.series_limit;
        return Appended::series_limit;
    }
    slot = insert(labels);
    all[slot].newest_at_ = std::numeric_limits<std::int64_t>::min();
    return store(slot, at, value, interval);
}

Store::Store(StoreOptions options) : state_(std::make_unique<State>(std::move(options))) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

Appended Store::append(const Labels& labels, WallTime at, double value, Duration interval) {
    std::uint32_t slot = 0;
    return state_->append(labels, at, value, interval, slot);
}

std::size_t Store::append(const SampleBatch& batch, Duration interval) {
    std::size_t stored = 0;
    for (const Sample& sample : batch.samples) {
        stored += append(sample.labels, batch.at, sample.value, interval) == Appended::stored;
    }
    return stored;
}

std::size_t Store::append(const SampleBatch& batch, Origin& origin, Duration interval) {
    std::size_t stored = 0;
    std::vector<SeriesRef> live;
    live.reserve(batch.samples.size());
    for (const Sample& sample : batch.samples) {
        std::uint32_t slot = 0;
        stored += state_->append(sample.labels, batch.at, sample.value, interval, slot) ==
                  Appended::stored;
        if (slot != SlotTable::kNone) live.push_back({slot, state_->all[slot].generation_});
    }
    // What this batch brought is as new as the batch; whatever is older has vanished.
    end(origin, batch.at);
    origin.live = std::move(live);
    return stored;
}

void Store::end(Origin& origin, WallTime at) {
    for (const SeriesRef ref : origin.live) {
        const Series& series = state_->all[ref.slot];
        const Point newest = series.newest();
        if (series.generation_ != ref.generation || newest.at >= at || is_stale(newest.value)) {
            continue;
        }
        state_->store(ref.slot, at, stale_marker(), {});
    }
    origin.live.clear();
}

void Store::end(const Matchers& matchers, WallTime at) {
    for (const Series* series : select(matchers)) {
        const Point newest = series->newest();
        if (newest.at >= at || is_stale(newest.value)) continue;
        state_->store(series->name_->slots[series->position_], at, stale_marker(), {});
    }
}

void Store::State::select_among(NameEntry& entry, std::span<const Matcher> matchers,
                                std::vector<const Series*>& out) const {
    for (const std::uint32_t slot : entry.candidates(matchers, all)) {
        const Series& series = all[slot];
        const bool all_match = std::ranges::all_of(matchers, [&](const Matcher& matcher) {
            return matcher.name() == kMetricName || matcher.matches(series.labels_);
        });
        if (all_match) out.push_back(&series);
    }
}

void Store::select(std::span<const Matcher> matchers, std::vector<const Series*>& out) const {
    const auto is_for_name = [](const Matcher& m) { return m.name() == kMetricName; };
    const auto fixed = std::ranges::find_if(
        matchers, [&](const Matcher& m) { return is_for_name(m) && m.op() == Matcher::Op::equal; });
    const auto name_matches = [&](std::string_view name) {
        return std::ranges::all_of(
            matchers, [&](const Matcher& m) { return !is_for_name(m) || m.matches(name); });
    };
    if (fixed != matchers.end()) {
        const auto found = state_->names.find(fixed->value());
        if (found != state_->names.end() && name_matches(found->first)) {
            state_->select_among(*found->second, matchers, out);
        }
        return;
    }
    for (const auto& [name, entry] : state_->names) {
        if (name_matches(name)) state_->select_among(*entry, matchers, out);
    }
}

std::vector<const Series*> Store::select(std::span<const Matcher> matchers) const {
    std::vector<const Series*> found;
    select(matchers, found);
    return found;
}

bool Store::visit_some(std::span<const Matcher> matchers, Where& where, std::size_t at_most,
                       const std::function<void(const Series&)>& visit) const {
    const State& state = *state_;
    const auto fixed = std::ranges::find_if(matchers, [](const Matcher& matcher) {
        return matcher.name() == kMetricName && matcher.op() == Matcher::Op::equal;
    });
    const std::vector<std::uint32_t>* slots = nullptr;
    if (fixed != matchers.end()) {
        const auto found = state.names.find(fixed->value());
        if (found == state.names.end()) return false;
        slots = &found->second->slots;
    }
    // Backwards: where a series goes, the last one of its name takes its place, which was visited
    // before; and new ones come behind.
    std::size_t left =
        std::min(where.position, slots != nullptr ? slots->size() : state.all.size());
    for (; left > 0 && at_most > 0; --at_most) {
        --left;
        const Series& series = state.all[slots != nullptr ? (*slots)[left] : left];
        if (series.name_ == nullptr) continue;
        const bool all_match = std::ranges::all_of(
            matchers, [&](const Matcher& matcher) { return matcher.matches(series.labels_); });
        if (all_match) visit(series);
    }
    where.position = left;
    return left > 0;
}

bool Store::adopt(SeriesCopy copy) {
    if (state_->find(copy.labels) != SlotTable::kNone) return false;
    if (state_->count >= state_->options.series_limit) return false;
    Series& made = state_->all[state_->insert(copy.labels)];
    made.newest_at_ = copy.newest.at.time_since_epoch().count();
    made.newest_value_ = copy.newest.value;
    made.lookback_seconds_ = static_cast<std::uint32_t>(copy.lookback.count() / 1000);
    made.history_ = std::move(copy.history);
    return true;
}

void Store::for_each(const std::function<void(const Series&)>& visit) const {
    for (const Series& series : state_->all) {
        if (series.name_ != nullptr) visit(series);
    }
}

void Store::set_retention(Retention retention) {
    state_->options.retention = std::move(retention);
    for (auto& [name, entry] : state_->names) {
        entry->retention = state_->options.retention.of(name);
        // Indexes are for the selectors of the rules that were.
        entry->indexes.clear();
    }
    for (Series& series : state_->all) {
        if (series.name_ == nullptr) continue;
        const bool kept = series.name_->retention > Duration{0};
        if (!kept) {
            series.history_.reset();
        } else if (series.history_ == nullptr) {
            State::start_history(series);
        }
    }
}

std::size_t Store::forget(WallTime now, std::size_t at_most) {
    State& state = *state_;
    std::size_t dropped = 0;
    const std::size_t looks = std::min(at_most, state.all.size());
    for (std::size_t i = 0; i < looks; ++i) {
        if (state.forget_at >= state.all.size()) state.forget_at = 0;
        const auto slot = static_cast<std::uint32_t>(state.forget_at++);
        const Series& series = state.all[slot];
        if (series.name_ == nullptr || series.name_->retention == kForever) continue;
        const Duration lookback = std::max(series.lookback(), lookback_for({}));
        if (now - series.newest().at <= std::max(series.name_->retention, lookback)) continue;
        state.remove(slot);
        ++dropped;
    }
    return dropped;
}

void Store::clear() {
    state_ = std::make_unique<State>(std::move(state_->options));
}

std::size_t Store::series() const {
    return state_->count;
}

std::size_t Store::samples() const {
    std::size_t samples = 0;
    for_each([&](const Series& series) { samples += series.samples(); });
    return samples;
}

std::size_t Store::bytes() const {
    std::size_t bytes = state_->by_labels.bytes();
    for (const Series& series : state_->all) {
        bytes += sizeof(Series);
        if (series.history_ != nullptr) bytes += series.history_->bytes();
        // Labels are one block: header, two ends for each label, characters.
        bytes += 16 + 8 * series.labels_.size();
        for (const Label label : series.labels_)
            bytes += label.name.size() + label.value.size();
    }
    for (const auto& [name, entry] : state_->names) {
        bytes += sizeof(NameEntry) + 2 * name.size();
        bytes += entry->slots.capacity() * sizeof(std::uint32_t);
        for (const auto& [label, index] : entry->indexes)
            bytes += index.bytes();
    }
    return bytes;
}

const Refusals& Store::refusals() const {
    return state_->refusals;
}

}  // namespace pilotlight::series
