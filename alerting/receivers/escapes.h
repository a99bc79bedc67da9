#pragma once

#include <string>
#include <string_view>

/// What makes a text of an alert harmless where it goes: whatever it says stands there as written,
/// and mentions nobody. All are fit for DataOptions::escape.
namespace pilotlight::alerting {

/// For HTML's text and quoted attributes.
[[nodiscard]] std::string escape_html(std::string_view text);
/// Slack's three escapes, and the mentions that wake a channel told apart by a zero-width space.
/// Source: https://api.slack.com/reference/surfaces/formatting#escaping
[[nodiscard]] std::string escape_slack(std::string_view text);
/// Discord's Markdown; mentions are told apart by a zero-width space. URLs stay as they are.
[[nodiscard]] std::string escape_discord(std::string_view text);
/// The Markdown of an Adaptive Card's TextBlock. URLs stay as they are.
[[nodiscard]] std::string escape_card(std::string_view text);
/// Telegram's MarkdownV2 and its old Markdown.
/// Source: https://core.telegram.org/bots/api#formatting-options
[[nodiscard]] std::string escape_markdown_v2(std::string_view text);
[[nodiscard]] std::string escape_markdown(std::string_view text);

/// Whether a service takes it for the link that it seems to be: an http or https URL of at most
/// `bytes_max` bytes, without white space, control characters or what ends a link in some markup.
[[nodiscard]] bool is_link(std::string_view url, std::size_t bytes_max);

/// As cut_to(), for a text of simple HTML: no tag and no entity is left in pieces, and what is
/// still open at the end is closed. At most `limit` characters, tags included.
[[nodiscard]] std::string cut_html(std::string_view html, std::size_t limit);
/// As cut_to(); an entity such as `&amp;` that would be left in pieces goes as a whole.
[[nodiscard]] std::string cut_entities(std::string_view text, std::size_t limit);

}  // namespace pilotlight::alerting
