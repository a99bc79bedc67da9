#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/global_options.h"
#include "alerting/message_template.h"
#include "config/options.h"
#include "core/document.h"
#include "core/error.h"
#include "core/secret.h"

namespace pilotlight::alerting {

/// An option that is a template, with the place of its text.
struct TextOption {
    std::string text;
    Location where;
};
void read_value(const Node& node, TextOption& out, Errors& errors);

/// What the readers of one alerting file share.
struct ReadContext {
    GlobalOptions global;
    std::shared_ptr<const MessageTemplates> templates;
    /// The file's folder: where relative paths start.
    std::string directory;
    /// False: what `*_file` names is not read, a placeholder stands for it.
    bool reads_secrets = true;
    std::vector<std::string> files_read;
    Errors errors;
    Errors not_yet;

    /// The text of `KEY` or of the file that `KEY_file` names, without the white space around it.
    /// At most one of them may be given; "" where none is.
    [[nodiscard]] Secret read_secret(const Node& section, std::string_view key);
    /// The same, which must be an http or https URL.
    [[nodiscard]] Secret read_secret_url(const Node& section, std::string_view key);
    /// An http or https URL, or a template of one.
    void check_url(const Node& node, std::string_view url);
    [[nodiscard]] std::string absolute(const std::string& path) const;
    /// The file's text; an error at `node` where it cannot be read.
    [[nodiscard]] std::string read_file(const Node& node, const std::string& path);
    /// Parses the template that an option holds.
    [[nodiscard]] MessageText parse_text(const TextOption& option);
    void error(const Node& node, std::string message);
};

}  // namespace pilotlight::alerting

template <>
struct pilotlight::config::TypeName<pilotlight::alerting::TextOption> {
    static constexpr std::string_view value = "template";
};
