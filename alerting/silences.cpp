#include "alerting/silences.h"

#include <fmt/format.h>

#include <algorithm>

namespace pilotlight::alerting {
namespace {

using Kind = Silences::Refusal::Kind;

std::unexpected<Silences::Refusal> refuse(Kind kind, std::string message) {
    return std::unexpected(Silences::Refusal{kind, std::move(message)});
}

std::string key_of(std::string_view name, std::string_view value) {
    return fmt::format("{}={}", name, value);
}

/// Where the index keeps it: an alert that it matches has that very label.
std::string index_key(const Silence& silence) {
    for (const Matcher& matcher : silence.matchers) {
        if (matcher.op() == Matcher::Op::equal && !matcher.value().empty()) {
            return key_of(matcher.name(), matcher.value());
        }
    }
    return "";
}

/// Whether it may be changed in place without telling another story of what was hidden.
bool can_update(const Silence& old, const Silence& wanted, WallTime now) {
    if (!same_matchers(old, wanted)) return false;
    const auto second = [](WallTime time) {
        return std::chrono::floor<std::chrono::seconds>(time);
    };
    switch (old.state(now)) {
        case SilenceState::active:
            return second(old.starts_at) == second(wanted.starts_at);
        case SilenceState::pending:
            return wanted.starts_at >= now;
        case SilenceState::expired:
            return false;
    }
    return false;
}

}  // namespace

Silences::Silences() : Silences(Options()) {}

Silences::Silences(Options options) : options_(std::move(options)) {}

void Silences::restore(std::vector<Silence> silences, WallTime now) {
    all_.clear();
    by_key_.clear();
    for (Silence& silence : silences) {
        if (silence.ends_at + options_.keep_expired > now) store(std::move(silence));
    }
}

std::expected<Silences::Change, Silences::Refusal> Silences::put(Silence wanted, WallTime now) {
    if (wanted.ends_at <= wanted.starts_at) {
        return refuse(Kind::invalid, "start time must be before end time");
    }
    if (wanted.ends_at <= now) return refuse(Kind::invalid, "end time can't be in the past");
    if (const auto fault = find_fault(wanted)) {
        return refuse(Kind::invalid, fmt::format("invalid silence: {}", *fault));
    }
    if (wanted.matchers.size() > options_.matchers_max) {
        return refuse(Kind::invalid,
                      fmt::format("silence exceeded maximum number of matchers: {} (limit: {})",
                                  wanted.matchers.size(), options_.matchers_max));
    }
    if (const std::size_t bytes = wanted.text_bytes(); bytes > options_.bytes_max) {
        return refuse(Kind::invalid,
                      fmt::format("silence exceeded maximum size: {} bytes (limit: {} bytes)",
                                  bytes, options_.bytes_max));
    }
    const Silence* old = wanted.id.empty() ? nullptr : find(wanted.id);
    if (old == nullptr && !wanted.id.empty()) return refuse(Kind::not_found, "silence not found");
    if (old == nullptr || !can_update(*old, wanted, now)) return add(std::move(wanted), old, now);
    // The start stays as it is to the millisecond.
    if (old->state(now) == SilenceState::active) wanted.starts_at = old->starts_at;
    wanted.updated_at = now;
    store(wanted);
    return Change{std::move(wanted), std::nullopt, false};
}

std::expected<Silences::Change, Silences::Refusal> Silences::add(Silence wanted,
                                                                 const Silence* replaced,
                                                                 WallTime now) {
    if (unexpired(now) >= options_.count_max) {
        return refuse(Kind::invalid, fmt::format("exceeded maximum number of silences: {} (limit: "
                                                 "{})",
                                                 unexpired(now), options_.count_max));
    }
    Change change;
    change.is_new = true;
    if (replaced != nullptr) {
        const auto ended = expire(replaced->id, now);
        if (ended) change.ended = *ended;
    }
    wanted.id = options_.make_id();
    wanted.starts_at = std::max(wanted.starts_at, now);
    wanted.updated_at = now;
    store(wanted);
    change.silence = std::move(wanted);
    return change;
}

std::expected<std::optional<Silence>, Silences::Refusal> Silences::expire(std::string_view id,
                                                                          WallTime now) {
    const Silence* found = find(id);
    if (found == nullptr) return refuse(Kind::not_found, "silence not found");
    if (found->state(now) == SilenceState::expired) return std::optional<Silence>();
    Silence silence = *found;
    silence.starts_at = std::min(silence.starts_at, now);
    silence.ends_at = now;
    silence.updated_at = now;
    store(silence);
    return silence;
}

const Silence* Silences::find(std::string_view id) const {
    const auto found = all_.find(id);
    return found == all_.end() ? nullptr : &found->second;
}

template <class F>
bool Silences::any_candidate(const Labels& labels, F test) const {
    const auto any_under = [&](const std::string& key) {
        const auto found = by_key_.find(key);
        return found != by_key_.end() &&
               std::ranges::any_of(found->second, [&](const Silence* one) { return test(*one); });
    };
    if (by_key_.empty()) return false;
    if (any_under("")) return true;
    return std::ranges::any_of(
        labels, [&](const Label label) { return any_under(key_of(label.name, label.value)); });
}

std::vector<std::string> Silences::silencing(const Labels& labels, WallTime now) const {
    std::vector<std::string> ids;
    any_candidate(labels, [&](const Silence& silence) {
        if (silence.state(now) == SilenceState::active && silence.matches(labels)) {
            ids.push_back(silence.id);
        }
        return false;
    });
    std::ranges::sort(ids);
    return ids;
}

bool Silences::mutes(const Labels& labels, WallTime now) const {
    return any_candidate(labels, [&](const Silence& silence) {
        return silence.state(now) == SilenceState::active && silence.matches(labels);
    });
}

bool Silences::hid_since(const Labels& labels, WallTime since, WallTime now) const {
    return any_candidate(labels, [&](const Silence& silence) {
        return silence.ends_at > since && silence.ends_at > silence.starts_at &&
               silence.ends_at <= now && silence.matches(labels);
    });
}

std::vector<std::string> Silences::forget_expired(WallTime now) {
    std::vector<const Silence*> expired;
    for (const auto& [id, silence] : all_) {
        if (silence.state(now) == SilenceState::expired) expired.push_back(&silence);
    }
    std::ranges::sort(expired, [](const Silence* a, const Silence* b) {
        return a->ends_at != b->ends_at ? a->ends_at < b->ends_at : a->id < b->id;
    });
    std::vector<std::string> forgotten;
    for (std::size_t i = 0; i < expired.size(); ++i) {
        const bool is_old = expired[i]->ends_at + options_.keep_expired <= now;
        if (is_old || expired.size() - i > options_.count_max) {
            forgotten.push_back(expired[i]->id);
        }
    }
    for (const std::string& id : forgotten) {
        const auto found = all_.find(id);
        unindex(found->second);
        all_.erase(found);
    }
    return forgotten;
}

std::size_t Silences::unexpired(WallTime now) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        all_, [&](const auto& entry) { return entry.second.state(now) != SilenceState::expired; }));
}

void Silences::store(Silence silence) {
    const auto found = all_.find(silence.id);
    if (found != all_.end()) unindex(found->second);
    const std::string id = silence.id;
    Silence& kept = all_[id] = std::move(silence);
    index(kept);
}

void Silences::index(const Silence& silence) {
    by_key_[index_key(silence)].push_back(&silence);
}

void Silences::unindex(const Silence& silence) {
    const auto found = by_key_.find(index_key(silence));
    std::erase(found->second, &silence);
    if (found->second.empty()) by_key_.erase(found);
}

}  // namespace pilotlight::alerting
