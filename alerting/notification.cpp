#include "alerting/notification.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.h"
#include "core/hash.h"

namespace pilotlight::alerting {
namespace {

/// Labels that all of `alerts` have alike.
Labels in_common(const std::vector<NotifiedAlert>& alerts, Labels NotifiedAlert::* part) {
    if (alerts.empty()) return {};
    std::vector<Label> common;
    for (const Label label : alerts.front().*part) {
        const bool everywhere = std::ranges::all_of(alerts, [&](const NotifiedAlert& alert) {
            return (alert.*part).get(label.name) == label.value;
        });
        if (everywhere) common.push_back(label);
    }
    return Labels::from(common);
}

}  // namespace

std::string_view to_string(Status status) {
    return status == Status::firing ? "firing" : "resolved";
}

std::string_view to_string(Cause cause) {
    switch (cause) {
        case Cause::first:
            return "first";
        case Cause::changed:
            return "changed";
        case Cause::resolved:
            return "resolved";
        case Cause::repeat:
            return "repeat";
    }
    PILOT_CHECK(false);
}

std::string_view to_string(Settlement::Outcome outcome) {
    switch (outcome) {
        case Settlement::Outcome::delivered:
            return "delivered";
        case Settlement::Outcome::dead:
            return "dead";
        case Settlement::Outcome::superseded:
            return "superseded";
    }
    PILOT_CHECK(false);
}

std::string Address::to_string() const {
    return fmt::format("{}/{}[{}]", receiver, integration, index);
}

std::string fingerprint_of(const Labels& labels) {
    // Prometheus's LabelSet.Fingerprint: FNV-1a over names and values, each closed by 0xff.
    constexpr std::uint64_t kOffset = 0xcbf29ce484222325U;
    std::uint64_t hash = kOffset;
    for (const Label label : labels) {
        hash = hash_bytes(label.value, hash_bytes(label.name, hash));
    }
    return fmt::format("{:016x}", hash);
}

Status Notification::status() const {
    const bool fires = std::ranges::any_of(
        alerts, [](const NotifiedAlert& alert) { return alert.status == Status::firing; });
    return fires ? Status::firing : Status::resolved;
}

std::vector<NotifiedAlert> Notification::with_status(Status status) const {
    std::vector<NotifiedAlert> chosen;
    std::ranges::copy_if(alerts, std::back_inserter(chosen),
                         [&](const NotifiedAlert& alert) { return alert.status == status; });
    return chosen;
}

Labels Notification::common_labels() const {
    return in_common(alerts, &NotifiedAlert::labels);
}

Labels Notification::common_annotations() const {
    return in_common(alerts, &NotifiedAlert::annotations);
}

std::optional<WallTime> Notification::began_at() const {
    std::optional<WallTime> first;
    for (const NotifiedAlert& alert : alerts) {
        if (!first || alert.starts_at < *first) first = alert.starts_at;
    }
    return first;
}

std::optional<WallTime> Notification::ended_at() const {
    std::optional<WallTime> last;
    for (const NotifiedAlert& alert : alerts) {
        if (alert.status == Status::firing) return std::nullopt;
        if (alert.ends_at && (!last || *alert.ends_at > *last)) last = alert.ends_at;
    }
    return last;
}

std::string make_dedup_key(std::string_view receiver, const Labels& group_labels,
                           std::string_view discriminator) {
    // Two chains with different beginnings: 128 bits make a collision of two incidents' keys
    // something that does not happen.
    std::uint64_t hashes[2] = {hash_bytes("pilotlight"), hash_bytes("incident")};
    for (std::uint64_t& hash : hashes) {
        hash = hash_bytes(receiver, hash);
        for (const Label label : group_labels) {
            hash = hash_bytes(label.value, hash_bytes(label.name, hash));
        }
        hash = hash_bytes(discriminator, hash);
    }
    return fmt::format("{:016x}{:016x}", hashes[0], hashes[1]);
}

}  // namespace pilotlight::alerting
