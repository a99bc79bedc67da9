#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "alerting/silence.h"
#include "alerting/uuid.h"

namespace pilotlight::alerting {

/// All silences: which mute an alert, and how they may be changed.
/// Thread: the engine's. Time: never reads a clock; every call is given `now`.
///
/// Source: Alertmanager's silence.Silences. History is never rewritten: what changes what a silence
/// hid (its matchers, the start of one that began) ends it and makes another under a new id; only
/// ends, comments and owners change in place. What ended cannot be revived, only made anew. Unlike
/// there, owner and comment are required.
class Silences {
  public:
    struct Options {
        /// Pending and active ones. As many expired ones are kept, the oldest go first.
        std::size_t count_max = 10'000;
        std::size_t bytes_max = 65'536;
        std::size_t matchers_max = 256;
        Duration keep_expired = std::chrono::hours(5 * 24);
        std::function<std::string()> make_id = random_uuid;
    };
    struct Refusal {
        enum class Kind { invalid, not_found };
        Kind kind = Kind::invalid;
        /// In Alertmanager's words where it has some.
        std::string message;
    };
    /// What a change left: the silence as it is now, and the one that it ended where there is one.
    struct Change {
        Silence silence;
        std::optional<Silence> ended;
        /// The id is new.
        bool is_new = false;
    };

    Silences();
    explicit Silences(Options options);

    /// Those of the journal, in place of all others. Ones that ended long ago are left out.
    void restore(std::vector<Silence> silences, WallTime now);

    /// Makes a silence (no id), or changes the one of that id. A start in the past is `now`.
    std::expected<Change, Refusal> put(Silence wanted, WallTime now);
    /// Ends it now. Nothing where it had ended before.
    std::expected<std::optional<Silence>, Refusal> expire(std::string_view id, WallTime now);

    /// Null where there is none. Valid until the next change.
    [[nodiscard]] const Silence* find(std::string_view id) const;
    /// By id.
    [[nodiscard]] const std::map<std::string, Silence, std::less<>>& all() const { return all_; }

    /// Ids of the active ones that match, sorted. Cost: the candidates by one of their `=`
    /// matchers, and all that have none.
    [[nodiscard]] std::vector<std::string> silencing(const Labels& labels, WallTime now) const;
    [[nodiscard]] bool mutes(const Labels& labels, WallTime now) const;
    /// Whether one that has ended by `now` hid such alerts at some time after `since`.
    [[nodiscard]] bool hid_since(const Labels& labels, WallTime since, WallTime now) const;

    /// Drops what ended too long ago; the ids, for the journal. Call it now and then.
    [[nodiscard]] std::vector<std::string> forget_expired(WallTime now);

  private:
    using ByKey = std::unordered_map<std::string, std::vector<const Silence*>>;

    std::expected<Change, Refusal> add(Silence wanted, const Silence* replaced, WallTime now);
    [[nodiscard]] std::size_t unexpired(WallTime now) const;
    void store(Silence silence);
    void index(const Silence& silence);
    void unindex(const Silence& silence);
    template <class F>
    bool any_candidate(const Labels& labels, F test) const;

    Options options_;
    std::map<std::string, Silence, std::less<>> all_;
    /// Under `name=value` of one `=` matcher; those without one under "".
    ByKey by_key_;
};

}  // namespace pilotlight::alerting
