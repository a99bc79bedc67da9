#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/labels.h"
#include "core/matcher.h"
#include "core/time.h"

namespace pilotlight::alerting {

enum class SilenceState { pending, active, expired };

/// "pending", "active", "expired".
[[nodiscard]] std::string_view to_string(SilenceState state);

/// From when to when nobody is told of the alerts that every matcher matches, and who wants it so.
/// Source: Alertmanager's silences.
struct Silence {
    /// A UUID.
    std::string id;
    Matchers matchers;
    WallTime starts_at{};
    WallTime ends_at{};
    WallTime updated_at{};
    std::string created_by;
    std::string comment;
    /// Links and the like (Alertmanager 0.31); nothing here looks at them.
    Labels annotations;

    [[nodiscard]] SilenceState state(WallTime now) const;
    [[nodiscard]] bool matches(const Labels& labels) const { return all_match(matchers, labels); }
    /// What it takes of memory and disk, roughly.
    [[nodiscard]] std::size_t text_bytes() const;
    bool operator==(const Silence&) const = default;
};

/// Whether both have the same matchers, in any order.
[[nodiscard]] bool same_matchers(const Silence& a, const Silence& b);

/// Why nobody may ask for it, whatever the time is; nothing if one may. Owner, comment and an end
/// after its start are required, and a matcher that does not match everything.
[[nodiscard]] std::optional<std::string> find_fault(const Silence& silence);

/// As one JSON object with times in milliseconds, as docs/formats/journal.md has it, and back;
/// nothing where `text` is none. Invalid UTF-8 is replaced.
[[nodiscard]] std::string to_json(const Silence& silence);
[[nodiscard]] std::optional<Silence> silence_from_json(std::string_view text);

}  // namespace pilotlight::alerting
