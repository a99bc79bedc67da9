#include "app/demo/slack_console.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace pilotlight::app::demo {
namespace {

using Json = nlohmann::json;

/// Slack's own escapes and its link form `<url|text>`, undone.
std::string plain(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view rest = text.substr(at);
        if (rest.starts_with("&lt;")) {
            out += '<';
            at += 4;
        } else if (rest.starts_with("&gt;")) {
            out += '>';
            at += 4;
        } else if (rest.starts_with("&amp;")) {
            out += '&';
            at += 5;
        } else if (rest[0] == '<' && rest.find('>') != std::string_view::npos) {
            const std::string_view link = rest.substr(1, rest.find('>') - 1);
            out += link.substr(link.find('|') == std::string_view::npos ? 0 : link.find('|') + 1);
            at += link.size() + 2;
        } else {
            out += rest[0];
            ++at;
        }
    }
    return out;
}

std::string text_of(const Json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end()) return {};
    if (found->is_string()) return plain(found->get<std::string>());
    if (found->is_object()) return text_of(*found, "text");
    return {};
}

void add_line(std::vector<std::string>& lines, std::string text) {
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string line = text.substr(0, end);
        if (!line.empty()) lines.push_back(line);
        text = end == std::string::npos ? "" : text.substr(end + 1);
    }
}

void add_blocks(std::vector<std::string>& lines, const Json& holder) {
    const auto blocks = holder.find("blocks");
    if (blocks == holder.end() || !blocks->is_array()) return;
    for (const Json& block : *blocks) {
        if (!block.is_object()) continue;
        add_line(lines, text_of(block, "text"));
        for (const char* list : {"fields", "elements"}) {
            const auto items = block.find(list);
            if (items == block.end() || !items->is_array()) continue;
            for (const Json& item : *items) {
                if (item.is_object()) add_line(lines, text_of(item, "text"));
            }
        }
    }
}

/// 32 for the colour of good news, 31 for bad, 33 for a warning.
int ansi_color(const Json& message) {
    const std::string whole = message.dump();
    if (whole.find("RESOLVED") != std::string::npos || whole.find("esolved") != std::string::npos) {
        return 32;
    }
    return whole.find("warning") != std::string::npos ? 33 : 31;
}

}  // namespace

std::string render_slack_message(std::string_view payload, WallTime now, bool color) {
    const Json message = Json::parse(payload, nullptr, false);
    if (!message.is_object()) return "Slack got a message that is no JSON object\n";
    std::vector<std::string> lines;
    add_line(lines, text_of(message, "text"));
    add_blocks(lines, message);
    const auto attachments = message.find("attachments");
    if (attachments != message.end() && attachments->is_array()) {
        for (const Json& attachment : *attachments) {
            if (!attachment.is_object()) continue;
            for (const char* key : {"pretext", "title", "text"}) {
                add_line(lines, text_of(attachment, key));
            }
            add_blocks(lines, attachment);
        }
    }
    const std::string clock = format_time(now).substr(11, 8);
    std::string out = fmt::format("\n  {}  Slack #incidents\n", clock);
    const std::string bar = color ? fmt::format("\x1b[{}m┃\x1b[0m", ansi_color(message)) : "|";
    for (const std::string& line : lines)
        out += fmt::format("  {} {}\n", bar, line);
    return out;
}

}  // namespace pilotlight::app::demo
