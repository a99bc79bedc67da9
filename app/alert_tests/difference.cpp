#include "app/alert_tests/difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "alerting/message_template.h"
#include "app/alert_tests/pairs.h"

namespace pilotlight::app {

using alerting::NotifiedAlert;
using nlohmann::json;
using Outcome = alerting::Rehearsal::Outcome;

namespace {

/// Characters of a message that a failure shows.
constexpr std::size_t kShownMax = 2'000;

std::string since(WallTime start, WallTime time) {
    return format_duration(time - start);
}

std::string shown(const TimeWindow& window) {
    if (window.from == window.until) return format_duration(window.from);
    return fmt::format("{}..{}", format_duration(window.from), format_duration(window.until));
}

bool contains_all(const Labels& whole, const Labels& part) {
    return std::ranges::all_of(
        part, [&](const Label label) { return whole.get(label.name) == label.value; });
}

bool fits(const ExpectedNotifiedAlert& expected, const NotifiedAlert& got,
          alerting::Status status) {
    return expected.status.value_or(status) == got.status &&
           contains_all(got.labels, expected.labels) &&
           contains_all(got.annotations, expected.annotations);
}

/// The first expected alert that is missing, or one that nobody expects.
std::optional<std::string> differing_alert(const ExpectedNotification& expected,
                                           const std::vector<NotifiedAlert>& got) {
    const auto& wanted = *expected.alerts;
    const auto pairs = pair_up(wanted.size(), got.size(), [&](std::size_t i, std::size_t j) {
        return fits(wanted[i], got[j], expected.status);
    });
    std::vector<bool> expected_one(got.size(), false);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (pairs[i]) {
            expected_one[*pairs[i]] = true;
            continue;
        }
        return fmt::format("has no alert {} {}{}",
                           to_string(wanted[i].status.value_or(expected.status)),
                           wanted[i].labels.to_string(),
                           wanted[i].annotations.empty()
                               ? ""
                               : " with annotations " + wanted[i].annotations.to_string());
    }
    const auto extra = std::ranges::find(expected_one, false);
    if (extra == expected_one.end()) return std::nullopt;
    const NotifiedAlert& alert = got[static_cast<std::size_t>(extra - expected_one.begin())];
    return fmt::format("also has the alert {} {}", to_string(alert.status),
                       alert.labels.to_string());
}

std::string dump(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool is_same_scalar(const Node& expected, const json& got) {
    if (expected.is_null()) return got.is_null();
    if (got.is_string()) return got.get_ref<const std::string&>() == expected.scalar;
    if (expected.quoted) return false;
    const json value = json::parse(expected.scalar, nullptr, false);
    return !value.is_discarded() && value == got;
}

/// Where and how `got` lacks what the node says: every key of a mapping, a list item by item, a
/// scalar as it is.
std::optional<std::string> differing_json(const Node& expected, const json& got,
                                          const std::string& path) {
    const std::string at = path.empty() ? "payload" : path;
    if (expected.is_mapping()) {
        if (!got.is_object()) return fmt::format("{} is no object but {}", at, dump(got));
        for (const Node::Entry& entry : expected.entries) {
            const auto found = got.find(entry.key);
            if (found == got.end()) return fmt::format("{} has no \"{}\"", at, entry.key);
            auto below = differing_json(entry.value, *found, fmt::format("{}.{}", at, entry.key));
            if (below) return below;
        }
        return std::nullopt;
    }
    if (expected.is_sequence()) {
        if (!got.is_array()) return fmt::format("{} is no list but {}", at, dump(got));
        if (got.size() != expected.items.size()) {
            return fmt::format("{} has {} items, expected {}", at, got.size(),
                               expected.items.size());
        }
        for (std::size_t i = 0; i < got.size(); ++i) {
            auto below = differing_json(expected.items[i], got[i], fmt::format("{}[{}]", at, i));
            if (below) return below;
        }
        return std::nullopt;
    }
    if (is_same_scalar(expected, got)) return std::nullopt;
    return fmt::format("{} is {}, expected {}", at, dump(got),
                       expected.is_null() ? "null" : expected.shown());
}

std::vector<std::string> bodies(const alerting::Message& message) {
    std::vector<std::string> all;
    for (const auto& request : message.requests)
        all.push_back(request.body);
    if (!message.mail.empty()) all.push_back(message.mail);
    return all;
}

std::optional<std::string> differing_payload(const Node& expected,
                                             const alerting::Message& message) {
    std::optional<std::string> first = "its message is no JSON";
    bool is_json = false;
    for (const std::string& body : bodies(message)) {
        const json value = json::parse(body, nullptr, false);
        if (value.is_discarded()) continue;
        auto found = differing_json(expected, value, "");
        if (!found) return std::nullopt;
        if (!is_json) first = std::move(found);
        is_json = true;
    }
    return first;
}

bool any_text_contains(const json& value, const std::string& part) {
    if (value.is_string()) {
        return value.get_ref<const std::string&>().find(part) != std::string::npos;
    }
    return value.is_structured() && std::ranges::any_of(value, [&](const json& below) {
               return any_text_contains(below, part);
           });
}

/// The mail without the escapes of quoted-printable (RFC 2045, 6.7).
std::string unescaped_mail(std::string_view mail) {
    std::string out;
    for (std::size_t i = 0; i < mail.size(); ++i) {
        const std::string_view code = mail.substr(i + 1, 2);
        unsigned value = 0;
        const bool escaped = mail[i] == '=' && code.size() == 2;
        if (escaped && code == "\r\n") {
            i += 2;
        } else if (escaped && std::from_chars(code.data(), code.data() + 2, value, 16).ptr ==
                                  code.data() + 2) {
            out += static_cast<char>(value);
            i += 2;
        } else {
            out += mail[i];
        }
    }
    return out;
}

/// In the message as it is, or in a text of its JSON, or in its mail, without their escapes.
bool has_text(const alerting::Message& message, const std::string& part) {
    if (unescaped_mail(message.mail).find(part) != std::string::npos) return true;
    return std::ranges::any_of(bodies(message), [&](const std::string& body) {
        if (body.find(part) != std::string::npos) return true;
        const json value = json::parse(body, nullptr, false);
        return !value.is_discarded() && any_text_contains(value, part);
    });
}

std::optional<std::string> differing_text(const std::vector<std::string>& parts,
                                          const alerting::Message& message) {
    for (const std::string& part : parts) {
        if (has_text(message, part)) continue;
        return fmt::format(
            "its message does not have \"{}\": {}", part,
            alerting::cut_to(fmt::format("{}", fmt::join(bodies(message), "\n")), kShownMax));
    }
    return std::nullopt;
}

std::optional<Difference> differing_address(const ExpectedNotification& expected,
                                            const Outcome& got) {
    const alerting::Address& to = got.notification.to;
    if (to.receiver != expected.receiver) {
        return Difference{0, fmt::format("went to {}", to.receiver)};
    }
    if (!expected.integration.empty() &&
        (to.integration != expected.integration || expected.index.value_or(to.index) != to.index)) {
        return Difference{1, fmt::format("went to {}", to.to_string())};
    }
    return std::nullopt;
}

std::optional<Difference> differing_kind(const ExpectedNotification& expected, const Outcome& got,
                                         WallTime start) {
    const auto& notification = got.notification;
    if (expected.status != notification.status()) {
        return Difference{2, fmt::format("is {}", to_string(notification.status()))};
    }
    if (expected.group && !contains_all(notification.group_labels, *expected.group)) {
        return Difference{3, fmt::format("is of group {}", notification.group_labels.to_string())};
    }
    const Duration at = got.at - start;
    if (at < expected.time.from || expected.time.until < at) {
        return Difference{4, fmt::format("came at {}", format_duration(at))};
    }
    if (expected.outcome != got.kind) {
        return Difference{5, got.kind == alerting::Settlement::Outcome::dead
                                 ? fmt::format("was given up: {}", got.last_error)
                                 : "was delivered"};
    }
    if (expected.cause && *expected.cause != notification.cause) {
        return Difference{6, fmt::format("has the cause {}", to_string(notification.cause))};
    }
    return std::nullopt;
}

}  // namespace

std::optional<Difference> difference(const ExpectedNotification& expected, const Outcome& got,
                                     const alerting::RoutingConfig& routing, WallTime start) {
    if (auto found = differing_address(expected, got)) return found;
    if (auto found = differing_kind(expected, got, start)) return found;
    if (expected.alerts) {
        if (auto what = differing_alert(expected, got.notification.alerts)) {
            return Difference{7, std::move(*what)};
        }
    }
    const auto integration = routing.find_integration(got.notification.to);
    if (expected.payload != nullptr) {
        if (auto what = differing_payload(*expected.payload, got.message)) {
            return Difference{8, integration->without_secrets(std::move(*what))};
        }
    }
    if (auto what = differing_text(expected.text, got.message)) {
        return Difference{9, integration->without_secrets(std::move(*what))};
    }
    return std::nullopt;
}

std::string describe(const ExpectedNotification& expected) {
    std::string out = fmt::format("{} {}", shown(expected.time), expected.receiver);
    if (!expected.integration.empty()) out += "/" + expected.integration;
    if (expected.index) out += fmt::format("[{}]", *expected.index);
    out += fmt::format(" {}", to_string(expected.status));
    if (expected.outcome == alerting::Settlement::Outcome::dead) out += ", given up";
    if (expected.cause) out += fmt::format(" ({})", to_string(*expected.cause));
    if (expected.group) out += " " + expected.group->to_string();
    if (!expected.alerts) return out;
    out += ":";
    for (const ExpectedNotifiedAlert& alert : *expected.alerts) {
        const bool fires = alert.status.value_or(expected.status) == alerting::Status::firing;
        out += fmt::format(" {}{}", fires ? '+' : '-', alert.labels.to_string());
    }
    return out;
}

std::string describe(const Outcome& got, WallTime start) {
    const auto& notification = got.notification;
    std::string out = fmt::format("{} {} {}", since(start, got.at), notification.to.to_string(),
                                  to_string(notification.status()));
    if (got.kind == alerting::Settlement::Outcome::dead) {
        out += fmt::format(", given up: {}", got.last_error);
    }
    out += fmt::format(" ({}) {}:", to_string(notification.cause),
                       notification.group_labels.to_string());
    for (const NotifiedAlert& alert : notification.alerts) {
        out += fmt::format(" {}{}", alert.status == alerting::Status::firing ? '+' : '-',
                           alert.labels.to_string());
    }
    return out;
}

}  // namespace pilotlight::app
