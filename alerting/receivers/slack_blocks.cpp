#include "alerting/receivers/slack_blocks.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "alerting/message_template.h"
#include "alerting/receivers/escapes.h"
#include "core/template/humanize.h"

namespace pilotlight::alerting {
namespace {

using nlohmann::json;

constexpr std::size_t kSectionMax = 3'000;
/// All blocks together take about 13,000 characters; four full sections stay below.
constexpr std::size_t kSectionsMax = 4;
constexpr std::size_t kTitleMax = 1'024;
constexpr std::size_t kContextMax = 2'000;
constexpr std::size_t kButtonUrlMax = 3'000;
constexpr std::size_t kButtonsMax = 5;
constexpr std::size_t kTimelineLines = 15;

json section(std::string text) {
    return {{"type", "section"}, {"text", {{"type", "mrkdwn"}, {"text", std::move(text)}}}};
}

/// In pieces that a section takes, cut at an empty line where there is one.
void add_sections(json& blocks, std::string_view text) {
    for (std::size_t count = 1; !text.empty(); ++count) {
        if (cut_entities(text, kSectionMax) == text || count == kSectionsMax) {
            blocks.push_back(section(cut_entities(text, kSectionMax)));
            return;
        }
        // Bytes are at most characters: such a piece surely fits.
        std::size_t end = text.substr(0, kSectionMax).rfind("\n\n");
        if (end == std::string_view::npos || end == 0) {
            end = text.substr(0, kSectionMax).rfind('\n');
        }
        if (end == std::string_view::npos || end == 0) {
            blocks.push_back(section(cut_entities(text, kSectionMax)));
            return;
        }
        blocks.push_back(section(std::string(text.substr(0, end))));
        text.remove_prefix(end);
        text.remove_prefix(std::min(text.find_first_not_of('\n'), text.size()));
    }
}

json buttons(const Notification& notification) {
    json all = json::array();
    std::vector<std::string_view> urls;
    const auto add = [&](std::string_view text, std::string_view url) {
        if (!is_link(url, kButtonUrlMax) || all.size() == kButtonsMax) return;
        if (std::ranges::count(urls, url) > 0) return;
        urls.push_back(url);
        all.push_back(
            {{"type", "button"}, {"text", {{"type", "plain_text"}, {"text", text}}}, {"url", url}});
    };
    for (const NotifiedAlert& alert : notification.alerts)
        add("Runbook", alert.annotations.get("runbook_url"));
    add("Pilotlight", notification.external_url);
    return all;
}

std::string name_of(const NotifiedAlert& alert) {
    const std::string_view summary = alert.annotations.get("summary");
    std::string name = readable(summary.empty() ? alert.labels.get(kAlertName) : summary, 200);
    std::ranges::replace(name, '\n', ' ');
    return escape_slack(name);
}

std::string clock(WallTime time) {
    return format_time(time).substr(11, 8);
}

}  // namespace

std::string slack_blocks(const Notification& notification, const SlackTexts& texts) {
    const std::string title = cut_entities(texts.title, kTitleMax);
    json blocks = json::array();
    if (!texts.pretext.empty()) blocks.push_back(section(cut_entities(texts.pretext, kSectionMax)));
    add_sections(blocks, texts.text);
    const std::size_t firing = notification.with_status(Status::firing).size();
    std::string facts = firing == 0 ? fmt::format("all {} ended", notification.alerts.size())
                                    : fmt::format("{} firing, {} ended", firing,
                                                  notification.alerts.size() - firing);
    if (!texts.footer.empty()) facts += " · " + cut_entities(texts.footer, kContextMax - 100);
    blocks.push_back(
        {{"type", "context"}, {"elements", json::array({{{"type", "mrkdwn"}, {"text", facts}}})}});
    json links = buttons(notification);
    if (!links.empty()) blocks.push_back({{"type", "actions"}, {"elements", std::move(links)}});
    const std::string heading = is_link(texts.title_link, kButtonUrlMax)
                                    ? fmt::format("*<{}|{}>*", texts.title_link, title)
                                    : fmt::format("*{}*", title);
    json attachment{{"fallback", title}, {"blocks", std::move(blocks)}};
    if (!texts.color.empty()) attachment["color"] = texts.color;
    const json message{{"text", heading}, {"attachments", json::array({std::move(attachment)})}};
    return message.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string slack_timeline(const Notification& notification,
                           const std::vector<std::string>& fired_before) {
    std::string text;
    std::size_t lines = 0;
    const auto add = [&](const std::string& line) {
        if (lines++ < kTimelineLines) text += line + "\n";
    };
    for (const NotifiedAlert& alert : notification.alerts) {
        if (alert.status == Status::resolved) {
            const WallTime end = alert.ends_at.value_or(notification.decided_at);
            add(fmt::format("Ended {} UTC, after {}: {}", clock(end),
                            tmpl::humanize_duration(to_seconds(end - alert.starts_at)),
                            name_of(alert)));
        } else if (std::ranges::count(fired_before, alert.fingerprint()) == 0) {
            add(fmt::format("Fires since {} UTC: *{}*", clock(alert.starts_at), name_of(alert)));
        }
    }
    if (lines > kTimelineLines) text += fmt::format("and {} more\n", lines - kTimelineLines);
    if (lines > 0) return text;
    return fmt::format("Still firing: {} since {} UTC\n", notification.alerts.size(),
                       clock(notification.began_at().value_or(notification.decided_at)));
}

}  // namespace pilotlight::alerting
