#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/alert.h"
#include "core/labels.h"
#include "core/time.h"

namespace pilotlight::alerting {

/// An alert as somebody outside sent it: a Prometheus, amtool.
struct PostedAlert {
    Labels labels;
    Labels annotations;
    std::optional<WallTime> starts_at;
    std::optional<WallTime> ends_at;
    std::string generator_url;
};

/// An alert from outside that has not ended.
struct OutsideAlert {
    Labels labels;
    Labels annotations;
    WallTime starts_at{};
    /// When it ends unless it is sent again.
    WallTime ends_at{};
    WallTime updated_at{};
    std::string generator_url;
    /// `ends_at` is resolve_timeout's, not the sender's.
    bool timeout = false;

    bool operator==(const OutsideAlert&) const = default;
};

/// Alerts that others have found, from their first sending to their end.
/// Thread: the engine's. Time: never reads a clock.
///
/// Source: Alertmanager's alert.Merge and postAlertsHandler: without an end it ends resolve_timeout
/// after it was sent last; sending it again extends it; an end in the past ends it; the earliest
/// start and the latest end that a sender gave hold. Unlike there it survives a restart, and after
/// one (or after a time in which nothing could be heard) senders have resolve_timeout to speak
/// again before their silence counts.
class OutsideAlerts {
  public:
    struct Options {
        std::size_t count_max = 50'000;
        /// Of labels and annotations of one alert together.
        std::size_t bytes_max = 262'144;
    };
    /// What a call changed. `written` and `removed` are for the journal, `alerts` for the
    /// dispatcher; `refused` says which could not be taken, and why, in Alertmanager's words.
    struct Change {
        std::vector<Alert> alerts;
        std::vector<OutsideAlert> written;
        std::vector<Labels> removed;
        /// Those that were not known before.
        std::vector<Labels> began;
        std::vector<std::string> refused;
        std::size_t firing = 0;
        std::size_t resolved = 0;
    };

    OutsideAlerts();
    explicit OutsideAlerts(Options options);

    /// Those of the journal; each lasts until `now + grace` at least.
    [[nodiscard]] Change restore(std::vector<OutsideAlert> alerts, WallTime now, Duration grace);
    /// Takes the good ones of a message; the others are refused one by one.
    [[nodiscard]] Change post(const std::vector<PostedAlert>& posted, WallTime now,
                              Duration resolve_timeout);
    /// Ends those whose time has come.
    [[nodiscard]] Change tick(WallTime now);
    /// Nothing could be heard until `now`: each lasts until `now + grace` at least.
    void was_blind(WallTime now, Duration grace);
    [[nodiscard]] std::optional<WallTime> next_wakeup() const;

    /// Null where there is none. Valid until the next change.
    [[nodiscard]] const OutsideAlert* find(const Labels& labels) const;
    [[nodiscard]] std::size_t size() const { return alerts_.size(); }
    /// Labels of all that fire.
    [[nodiscard]] std::vector<Labels> labels() const;

  private:
    void post_one(const PostedAlert& posted, WallTime now, Duration resolve_timeout,
                  Change& change);
    void store(OutsideAlert alert, WallTime now, Change& change);
    void erase(const Labels& labels);

    Options options_;
    std::unordered_map<Labels, OutsideAlert> alerts_;
    std::set<std::pair<WallTime, Labels>> by_end_;
};

/// Why an alert with such labels and annotations is refused; nothing where it is not.
[[nodiscard]] std::optional<std::string> find_fault(const PostedAlert& posted);

/// As one JSON object with times in milliseconds, as docs/formats/journal.md has it, and back;
/// nothing where `text` is none. Invalid UTF-8 is replaced.
[[nodiscard]] std::string to_json(const OutsideAlert& alert);
[[nodiscard]] std::optional<OutsideAlert> outside_alert_from_json(std::string_view text);

}  // namespace pilotlight::alerting
