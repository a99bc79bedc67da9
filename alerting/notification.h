#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/labels.h"
#include "core/time.h"

namespace pilotlight::alerting {

/// Firing while at least one alert fires, as Alertmanager's groups have it.
enum class Status { firing, resolved };

/// "firing", "resolved".
[[nodiscard]] std::string_view to_string(Status status);

/// One integration of one receiver: `pagerduty` number 0 of `ops`. Its number counts among the
/// integrations of its kind, so that adding a Slack channel does not renumber PagerDuty.
struct Address {
    std::string receiver;
    /// The kind: "slack", "pagerduty", "webhook": the label `integration` of the metrics.
    std::string integration;
    int index = 0;

    auto operator<=>(const Address&) const = default;
    /// `ops/pagerduty[0]`.
    [[nodiscard]] std::string to_string() const;
};

/// Prometheus's fingerprint of a set of labels: 16 hexadecimal digits, as Alertmanager's API has
/// it.
[[nodiscard]] std::string fingerprint_of(const Labels& labels);

/// An alert as it is told to a receiver.
struct NotifiedAlert {
    Labels labels;
    Labels annotations;
    Status status = Status::firing;
    WallTime starts_at{};
    /// Set when resolved.
    std::optional<WallTime> ends_at;
    std::string generator_url;
    double value = 0;

    [[nodiscard]] std::string fingerprint() const { return fingerprint_of(labels); }
    bool operator==(const NotifiedAlert&) const = default;
};

/// Why it is sent: Alertmanager 0.34's notification_reason.
enum class Cause { first, changed, resolved, repeat };

/// "first", "changed", "resolved", "repeat".
[[nodiscard]] std::string_view to_string(Cause cause);

/// Something to tell one integration about one group of alerts. A plain value: what is rendered
/// from it depends on nothing else but the integration's options.
struct Notification {
    /// Rises with each decision; the row in the outbox.
    std::uint64_t sequence = 0;
    Address to;
    /// Receiver and group labels; see dedup_key.
    std::string group_key;
    Labels group_labels;
    /// The same for as long as the group's incident lasts, whatever becomes of routes and restarts.
    std::string dedup_key;
    Cause cause = Cause::first;
    /// Firing ones first, each part in the order of their labels.
    std::vector<NotifiedAlert> alerts;
    /// Of this Pilotlight; "" where there is none.
    std::string external_url;
    /// The tick that decided.
    WallTime decided_at{};
    /// The newest sample that changed something in the group, or nothing for a repeat: where
    /// pilotlight_notification_delay_seconds counts from.
    std::optional<SteadyTime> news_at;
    /// Worth sending only if an earlier notification of the group still waits: the receiver does
    /// not want to hear of ends (send_resolved: false), but must not be told what is over.
    bool only_amends = false;
    /// Resolved, and the receiver never accepted a word of it while it lasted: the message says
    /// that it was, from when to when. Set when it is sent.
    bool missed = false;
    /// Whom the routes name, where this is told to that receiver's fallback; "" otherwise.
    std::string instead_of;

    /// Made by the outbox and not by the routes: told to a fallback, or said by Pilotlight of
    /// itself.
    [[nodiscard]] bool is_beyond_routes() const { return sequence >= kBeyondRoutes; }
    /// Where the sequences of such notifications begin.
    static constexpr std::uint64_t kBeyondRoutes = 1ULL << 62;

    [[nodiscard]] Status status() const;
    [[nodiscard]] std::vector<NotifiedAlert> with_status(Status status) const;
    /// What all alerts have in common.
    [[nodiscard]] Labels common_labels() const;
    [[nodiscard]] Labels common_annotations() const;
    /// When the first of its alerts began, and when the last one ended (nothing while one fires).
    [[nodiscard]] std::optional<WallTime> began_at() const;
    [[nodiscard]] std::optional<WallTime> ended_at() const;
};

/// What became of a notification.
struct Settlement {
    enum class Outcome {
        /// The receiver accepted it.
        delivered,
        /// Given up: refused for good, or too old.
        dead,
        /// A later one of the same group says it all.
        superseded,
    };
    std::uint64_t sequence = 0;
    Address to;
    std::string group_key;
    Status status = Status::firing;
    Outcome outcome = Outcome::delivered;
    WallTime at{};
    /// Why it is dead; no secrets.
    std::string reason;
    /// Delivered: what to remember of the group at this receiver; nothing leaves it as it was.
    std::optional<std::string> memory{};
};

/// "delivered", "dead", "superseded": the states of docs/formats/journal.md.
[[nodiscard]] std::string_view to_string(Settlement::Outcome outcome);

/// What an integration was last told of a group: the notification log's entry.
struct Told {
    Notification last;
    /// Decided and not yet settled.
    bool pending = false;
    /// `last` is dead: the receiver does not know it.
    bool failed = false;
    /// The receiver accepted that it fires, and has not accepted that it ended.
    bool open = false;
    /// When the receiver last accepted anything of the group.
    std::optional<WallTime> delivered_at;
    /// What the integration wants remembered (see Sent::memory); "" for nothing.
    std::string memory;
};

/// Stable over versions, machines, restarts and edits of routes: 32 hexadecimal digits of receiver
/// and group labels. `discriminator` is "" but where two routes of one receiver group by the same
/// labels; it tells their incidents apart.
[[nodiscard]] std::string make_dedup_key(std::string_view receiver, const Labels& group_labels,
                                         std::string_view discriminator);

/// The notification as one JSON object, and back: docs/formats/journal.md describes it. news_at
/// does not survive, nor does `missed`. Invalid UTF-8 is replaced.
[[nodiscard]] std::string to_json(const Notification& notification);
/// Nothing where `text` is not one.
[[nodiscard]] std::optional<Notification> notification_from_json(std::string_view text);

}  // namespace pilotlight::alerting
