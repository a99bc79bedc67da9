#include "alerting/message_template.h"

#include <fmt/format.h>

#include "alerting/default_templates.h"
#include "core/check.h"
#include "core/template/humanize.h"
#include "core/template/utf8.h"

namespace pilotlight::alerting {
namespace {

const tmpl::Functions& function_names() {
    static const tmpl::Functions kFunctions = message_functions({});
    return kFunctions;
}

/// An error within a template's text, put where that text stands in its file.
Error located(const Error& error, const Location& where, int first_line_column) {
    Location place = where;
    if (error.where.line > 0) {
        place.line += error.where.line - 1;
        place.column =
            error.where.line == 1 ? first_line_column + error.where.column - 1 : error.where.column;
    }
    return Error(error.message, place);
}

std::string one_line(std::string_view text) {
    std::string line(text);
    for (char& c : line) {
        if (c == '\n' || c == '\t') c = ' ';
    }
    return line;
}

std::string span_of(const NotifiedAlert& alert) {
    if (!alert.ends_at) return fmt::format("since {}", format_time(alert.starts_at));
    return fmt::format("from {} to {} ({})", format_time(alert.starts_at),
                       format_time(*alert.ends_at),
                       tmpl::humanize_duration(to_seconds(*alert.ends_at - alert.starts_at)));
}

}  // namespace

std::shared_ptr<const MessageTemplates> MessageTemplates::defaults() {
    static const auto kDefaults = [] {
        auto made = std::make_shared<MessageTemplates>();
        auto parsed = tmpl::Template::parse("default", kDefaultTemplates, function_names());
        PILOT_CHECK(parsed.has_value());
        made->set_ = std::move(*parsed);
        return made;
    }();
    return kDefaults;
}

Checked<std::shared_ptr<const MessageTemplates>> MessageTemplates::with_files(
    const std::vector<std::pair<std::string, std::string>>& files) {
    auto made = std::make_shared<MessageTemplates>(*defaults());
    Errors errors;
    for (const auto& [name, text] : files) {
        auto parsed = made->set_.with(name, text, function_names());
        if (parsed) {
            made->set_ = std::move(*parsed);
        } else {
            errors.push_back(located(parsed.error(), {name, 1, 1}, 1));
        }
    }
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return made;
}

Result<MessageText> MessageText::parse(const std::string& text, const MessageTemplates& templates,
                                       const Location& where) {
    MessageText made;
    made.source_ = text;
    if (text.find("{{") == std::string::npos) return made;
    auto parsed = templates.set().with("", text, function_names());
    if (!parsed) return std::unexpected(located(parsed.error(), where, where.column));
    made.parsed_ = std::make_shared<const tmpl::Template>(std::move(*parsed));
    return made;
}

Result<std::string> MessageText::render(const tmpl::Value& data,
                                        const tmpl::Functions& functions) const {
    if (parsed_ == nullptr) return source_;
    // A big outage makes a long text; it is cut afterwards, which is better than failing it.
    constexpr tmpl::ExecuteLimits kLimits{
        .steps = 10'000'000, .output_bytes = 16 << 20, .value_bytes = 256 << 20, .depth = 100};
    return parsed_->execute(data, functions, kLimits);
}

MessageWriter::MessageWriter(tmpl::Value data, WallTime now)
    : data_(std::move(data)), functions_(message_functions(now)) {}

std::string MessageWriter::write(const MessageText& text) {
    return write(text, data_);
}

std::string MessageWriter::write(const MessageText& text, const tmpl::Value& data) {
    auto written = text.render(data, functions_);
    if (written) return std::move(*written);
    if (error_.empty()) error_ = one_line(written.error().message);
    return "";
}

std::string cut_to(std::string_view text, std::size_t limit) {
    std::string kept;
    std::size_t count = 0;
    std::size_t before_last = 0;
    while (!text.empty()) {
        if (count == limit) {
            kept.resize(before_last);
            return limit == 0 ? kept : kept += "…";
        }
        const tmpl::Rune rune = tmpl::decode_rune(text);
        before_last = kept.size();
        tmpl::append_rune(kept, rune.code);
        text.remove_prefix(rune.bytes);
        ++count;
    }
    return kept;
}

std::string readable(std::string_view text, std::size_t limit) {
    const auto is_kept = [](std::uint32_t code) {
        if (code < 0x20) return code == '\n' || code == '\t';
        if (code >= 0x7f && code <= 0x9f) return false;
        return !(code >= 0x202a && code <= 0x202e) && !(code >= 0x2066 && code <= 0x2069);
    };
    const std::string cut = cut_to(text, limit);
    std::string kept;
    for (std::string_view rest = cut; !rest.empty();) {
        const tmpl::Rune rune = tmpl::decode_rune(rest);
        if (is_kept(static_cast<std::uint32_t>(rune.code))) kept += rest.substr(0, rune.bytes);
        rest.remove_prefix(rune.bytes);
    }
    return kept;
}

std::string plain_title(const Notification& notification) {
    std::string title =
        notification.status() == Status::firing
            ? fmt::format("[FIRING:{}]", notification.with_status(Status::firing).size())
            : "[RESOLVED]";
    for (const Label label : notification.group_labels) {
        title += ' ';
        title += one_line(readable(label.value, 100));
    }
    return title;
}

std::string plain_text(const Notification& notification) {
    constexpr std::size_t kAlertsShown = 20;
    std::string text;
    std::size_t shown = 0;
    for (const NotifiedAlert& alert : notification.alerts) {
        if (shown++ == kAlertsShown) {
            text += fmt::format("and {} more\n", notification.alerts.size() - kAlertsShown);
            break;
        }
        const std::string_view summary = alert.annotations.get("summary");
        const std::string name = summary.empty() ? alert.labels.to_string() : std::string(summary);
        text += fmt::format("{}: {}, {}\n", to_string(alert.status), one_line(readable(name, 300)),
                            span_of(alert));
    }
    return text;
}

}  // namespace pilotlight::alerting
