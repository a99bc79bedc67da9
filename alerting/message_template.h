#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/notification.h"
#include "config/options.h"
#include "core/document.h"
#include "core/error.h"
#include "core/template/template.h"
#include "core/template/value.h"

namespace pilotlight::alerting {

/// The templates that an option may invoke: Pilotlight's defaults under Alertmanager's names
/// (`slack.default.title`, ...) and what the `templates` files define. Immutable; any thread.
class MessageTemplates {
  public:
    /// Only the defaults.
    [[nodiscard]] static std::shared_ptr<const MessageTemplates> defaults();
    /// The defaults and the texts of files over them, each error with file, line and column.
    [[nodiscard]] static Checked<std::shared_ptr<const MessageTemplates>> with_files(
        const std::vector<std::pair<std::string, std::string>>& files);

    [[nodiscard]] const tmpl::Template& set() const { return set_; }

  private:
    tmpl::Template set_;
};

/// How the values of labels and annotations are made fit for where they go.
struct DataOptions {
    /// Applied to every text that comes from alerts.
    std::string (*escape)(std::string_view) = nullptr;
    /// Characters kept of each label and annotation.
    std::size_t value_limit = 4'000;
};

/// What templates see: Alertmanager's Data (.Status, .Alerts.Firing, .CommonLabels.SortedPairs,
/// ...), besides .Missed and .DedupKey. Their texts are readable().
[[nodiscard]] tmpl::Value message_data(const Notification& notification,
                                       const DataOptions& options = {});

/// Alertmanager's functions; `now` is what `now` and `since` go by.
[[nodiscard]] tmpl::Functions message_functions(WallTime now);

/// An option that is a template, parsed when the configuration is read.
class MessageText {
  public:
    MessageText() = default;
    /// `where` is for the error: the place of the option.
    [[nodiscard]] static Result<MessageText> parse(const std::string& text,
                                                   const MessageTemplates& templates,
                                                   const Location& where);

    [[nodiscard]] bool empty() const { return source_.empty(); }
    [[nodiscard]] const std::string& source() const { return source_; }
    [[nodiscard]] Result<std::string> render(const tmpl::Value& data,
                                             const tmpl::Functions& functions) const;

  private:
    std::string source_;
    /// Null where the text has no action: it stands for itself.
    std::shared_ptr<const tmpl::Template> parsed_;
};

/// Renders the texts of one message and remembers the first that failed.
class MessageWriter {
  public:
    MessageWriter(tmpl::Value data, WallTime now);

    /// "" where the template fails.
    [[nodiscard]] std::string write(const MessageText& text);
    /// The same over other data, such as unescaped ones.
    [[nodiscard]] std::string write(const MessageText& text, const tmpl::Value& data);
    /// What failed first; "" while nothing has.
    [[nodiscard]] const std::string& error() const { return error_; }

  private:
    tmpl::Value data_;
    tmpl::Functions functions_;
    std::string error_;
};

/// The first `limit` characters, the last of them `…` where something was cut off; never within a
/// character. Bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string cut_to(std::string_view text, std::size_t limit);

/// As cut_to(), without what no reader sees but what changes what he sees: control characters other
/// than tab and newline, and the marks that turn the direction of writing (U+202A to U+202E, U+2066
/// to U+2069), by which a text looks like another one.
[[nodiscard]] std::string readable(std::string_view text, std::size_t limit);

/// The message without any template: status, names, summaries, times. What goes out when a
/// template fails.
[[nodiscard]] std::string plain_title(const Notification& notification);
[[nodiscard]] std::string plain_text(const Notification& notification);

}  // namespace pilotlight::alerting
