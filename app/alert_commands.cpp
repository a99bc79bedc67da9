#include "app/alert_commands.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

namespace pilotlight::app {
namespace {

using alerting::Silence;
using alerting::SilenceState;
using Json = nlohmann::json;

/// A silence that still hides something is told of so long before its end; of short ones, in their
/// last quarter.
constexpr Duration kEndsSoon = std::chrono::minutes(15);
/// Alerts that a line or a page names of many.
constexpr std::size_t kNamed = 5;

alerting::Event event(const char* kind, const Silence& silence, const AlertCommands::Author& author,
                      WallTime now) {
    const Json detail{{"by", author.name},
                      {"from", author.from},
                      {"silence", Json::parse(alerting::to_json(silence))}};
    return {now, kind, silence.id, detail.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

std::string matchers_text(const Silence& silence) {
    std::string text = "{";
    for (const Matcher& matcher : silence.matchers) {
        if (text.size() > 1) text += ", ";
        text += matcher.to_string();
    }
    return text += "}";
}

std::string names_of(const std::vector<Labels>& alerts) {
    std::string text;
    for (std::size_t i = 0; i < alerts.size() && i < kNamed; ++i) {
        if (i > 0) text += ", ";
        text += alerts[i].to_string();
    }
    if (alerts.size() > kNamed) text += ", ...";
    return text;
}

}  // namespace

AlertCommands::AlertCommands(alerting::Dispatcher& dispatcher, alerting::Journal& journal,
                             exporters::SelfMetrics& metrics)
    : dispatcher_(dispatcher), journal_(journal), metrics_(metrics) {}

void AlertCommands::restore_silences(const std::vector<alerting::Record>& records, WallTime now) {
    std::vector<Silence> silences;
    for (const alerting::Record& row : records) {
        auto silence = alerting::silence_from_json(row.record);
        if (silence) {
            silences.push_back(std::move(*silence));
        } else {
            spdlog::warn("the journal's silence {} cannot be read: it mutes nothing", row.key);
        }
    }
    dispatcher_.silences().restore(std::move(silences), now);
}

void AlertCommands::restore_alerts(const std::vector<alerting::Record>& records, WallTime now) {
    std::vector<alerting::OutsideAlert> alerts;
    for (const alerting::Record& row : records) {
        auto alert = alerting::outside_alert_from_json(row.record);
        if (alert) {
            alerts.push_back(std::move(*alert));
        } else {
            spdlog::warn("the journal's alert from outside cannot be read: {}", row.key);
        }
    }
    take(outside_.restore(std::move(alerts), now, dispatcher_.routing()->resolve_timeout), now, {});
}

AlertCommands::Desk::Put AlertCommands::put_silence(Silence wanted, const Author& author,
                                                    WallTime now, Done done) {
    auto change = dispatcher_.silences().put(std::move(wanted), now);
    if (!change) return change;
    const Silence& silence = change->silence;
    std::vector<Silence> written{silence};
    std::vector<alerting::Event> events;
    if (change->ended) {
        written.push_back(*change->ended);
        events.push_back(event("silence_expired", *change->ended, author, now));
    }
    events.push_back(
        event(change->is_new ? "silence_created" : "silence_updated", silence, author, now));
    spdlog::info("silence {} of {} until {}: {}", silence.id, silence.created_by,
                 format_time(silence.ends_at), matchers_text(silence));
    keep(std::move(written), std::move(events), std::move(done));
    return change;
}

AlertCommands::Desk::Expire AlertCommands::expire_silence(const std::string& id,
                                                          const Author& author, WallTime now,
                                                          Done done) {
    auto expired = dispatcher_.silences().expire(id, now);
    if (!expired) return std::unexpected(std::move(expired.error()));
    if (!*expired) {
        if (done) done({});
        return {};
    }
    spdlog::info("silence {} was ended early: {}", id, matchers_text(**expired));
    keep({**expired}, {event("silence_expired", **expired, author, now)}, std::move(done));
    return {};
}

void AlertCommands::keep(std::vector<Silence> silences, std::vector<alerting::Event> events,
                         Done done) {
    std::vector<alerting::Record> rows;
    for (const Silence& silence : silences)
        rows.push_back({silence.id, alerting::to_json(silence)});
    journal_.append_events(std::move(events));
    journal_.write_records(alerting::RecordTable::silences, std::move(rows), {}, std::move(done));
}

std::vector<std::string> AlertCommands::post(const std::vector<alerting::PostedAlert>& posted,
                                             WallTime now, Done done) {
    auto change = outside_.post(posted, now, dispatcher_.routing()->resolve_timeout);
    metrics_.alerts_received(change.firing, change.resolved, change.refused.size());
    std::vector<std::string> refused = std::move(change.refused);
    take(std::move(change), now, std::move(done));
    return refused;
}

void AlertCommands::raise(alerting::PostedAlert alert, WallTime now) {
    auto change = outside_.post({std::move(alert)}, now, dispatcher_.routing()->resolve_timeout);
    for (const std::string& refused : change.refused)
        spdlog::error("an alert of Pilotlight's own cannot be raised: {}", refused);
    take(std::move(change), now, {});
}

void AlertCommands::take(alerting::OutsideAlerts::Change change, WallTime now, Done done) {
    for (const Labels& labels : change.began)
        spdlog::info("alert {} from outside is firing: {}", labels.get(kAlertName),
                     labels.to_string());
    for (const Labels& labels : change.removed)
        spdlog::info("alert {} from outside is resolved: {}", labels.get(kAlertName),
                     labels.to_string());
    for (Alert& alert : change.alerts)
        alert.decided_at = steady_now();
    if (!change.alerts.empty()) {
        dispatcher_.accept(change.alerts, now, alerting::Dispatcher::Origin::outside);
    }
    std::vector<alerting::Record> written;
    std::vector<std::string> removed;
    for (const alerting::OutsideAlert& alert : change.written)
        written.push_back({alert.labels.to_string(), alerting::to_json(alert)});
    for (const Labels& labels : change.removed)
        removed.push_back(labels.to_string());
    if (written.empty() && removed.empty()) {
        if (done) done({});
        return;
    }
    journal_.write_records(alerting::RecordTable::outside_alerts, std::move(written),
                           std::move(removed), std::move(done));
}

void AlertCommands::tick(WallTime now) {
    const auto next = outside_.next_wakeup();
    if (next && *next <= now) take(outside_.tick(now), now, {});
}

void AlertCommands::was_blind(WallTime now) {
    outside_.was_blind(now, dispatcher_.routing()->resolve_timeout);
}

void AlertCommands::look(WallTime now) {
    std::vector<std::string> forgotten = dispatcher_.silences().forget_expired(now);
    if (!forgotten.empty()) {
        journal_.write_records(alerting::RecordTable::silences, {}, std::move(forgotten));
    }
    std::array<std::uint64_t, 3> counts{};
    for (const auto& [id, silence] : dispatcher_.silences().all())
        ++counts.at(static_cast<std::size_t>(silence.state(now)));
    for (const SilenceState state :
         {SilenceState::pending, SilenceState::active, SilenceState::expired}) {
        metrics_.set_silences(to_string(state), counts.at(static_cast<std::size_t>(state)));
    }
    metrics_.set_outside_alerts(outside_.size());
    warn_of_ends(now);
}

std::vector<Labels> AlertCommands::left_bare_by(const Silence& silence, WallTime now) const {
    std::vector<Labels> hidden = dispatcher_.firing_under(silence);
    std::erase_if(hidden, [&](const Labels& labels) {
        const auto ids = dispatcher_.silences().silencing(labels, now);
        return std::ranges::any_of(ids, [&](const std::string& id) {
            return dispatcher_.silences().find(id)->ends_at > silence.ends_at;
        });
    });
    return hidden;
}

void AlertCommands::warn_of_ends(WallTime now) {
    std::vector<exporters::SilenceEnding> ending;
    std::map<std::string, WallTime> warned;
    for (const auto& [id, silence] : dispatcher_.silences().all()) {
        if (silence.state(now) != SilenceState::active) continue;
        const Duration length = silence.ends_at - silence.starts_at;
        if (silence.ends_at - now > std::min(kEndsSoon, length / 4)) continue;
        const std::vector<Labels> hidden = left_bare_by(silence, now);
        if (hidden.empty()) continue;
        ending.push_back({id, silence.created_by, hidden.size()});
        const auto known = warned_.find(id);
        if (known == warned_.end() || known->second != silence.ends_at) {
            spdlog::warn(
                "silence {} of {} ends in {} and still hides {} alerts: {}", id, silence.created_by,
                format_duration(std::chrono::ceil<std::chrono::seconds>(silence.ends_at - now)),
                hidden.size(), names_of(hidden));
        }
        warned.emplace(id, silence.ends_at);
    }
    warned_ = std::move(warned);
    metrics_.set_silences_ending(std::move(ending));
}

std::shared_ptr<const alerting::AlertingView> AlertCommands::view(WallTime now) const {
    auto view = std::make_shared<alerting::AlertingView>(dispatcher_.view(now));
    for (alerting::AlertingView::OneAlert& one : view->alerts) {
        if (const alerting::OutsideAlert* outside = outside_.find(one.alert.labels)) {
            one.ends_at = outside->ends_at;
            one.updated_at = std::max(one.updated_at, outside->updated_at);
        }
    }
    return view;
}

void AlertCommands::show(exporters::Snapshot& snapshot,
                         const std::function<Labels(const Labels&)>& labels_of) const {
    const WallTime now = snapshot.at;
    std::unordered_map<std::string, std::vector<std::string>> hidden_by;
    const auto mute_of = [&](const Alert& alert, const Labels& labels) {
        if (alert.state != AlertState::firing) return exporters::Mute::none;
        const alerting::Muting muting = dispatcher_.muting(labels, now);
        for (const std::string& id : muting.silenced_by)
            hidden_by[id].emplace_back(labels.get(kAlertName));
        if (!muting.silenced_by.empty()) return exporters::Mute::silenced;
        return muting.inhibited_by.empty() ? exporters::Mute::none : exporters::Mute::inhibited;
    };
    for (const Alert& alert : snapshot.alerts)
        snapshot.mutes.push_back(mute_of(alert, labels_of(alert.labels)));
    for (const Labels& labels : outside_.labels()) {
        const alerting::OutsideAlert& outside = *outside_.find(labels);
        Alert alert;
        alert.labels = labels;
        alert.annotations = outside.annotations;
        alert.state = AlertState::firing;
        alert.active_at = outside.starts_at;
        alert.fired_at = outside.starts_at;
        alert.generator_url = outside.generator_url;
        snapshot.outside_mutes.push_back(mute_of(alert, labels));
        snapshot.outside_alerts.push_back(std::move(alert));
    }
    for (const auto& [id, silence] : dispatcher_.silences().all()) {
        const SilenceState state = silence.state(now);
        if (state == SilenceState::expired) continue;
        exporters::SilenceView view;
        view.id = id;
        view.matchers = matchers_text(silence);
        view.active = state == SilenceState::active;
        view.starts_at = silence.starts_at;
        view.ends_at = silence.ends_at;
        view.created_by = silence.created_by;
        view.comment = silence.comment;
        std::vector<std::string>& names = hidden_by[id];
        view.hides = names.size();
        std::ranges::sort(names);
        names.erase(std::ranges::unique(names).begin(), names.end());
        names.resize(std::min(names.size(), kNamed));
        view.hidden = std::move(names);
        snapshot.silences.push_back(std::move(view));
    }
    std::ranges::stable_sort(snapshot.silences, [](const auto& a, const auto& b) {
        return a.active != b.active ? a.active : a.ends_at < b.ends_at;
    });
}

}  // namespace pilotlight::app
