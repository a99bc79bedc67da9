#include "alerting/read_context.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "core/check.h"
#include "runtime/url.h"

namespace pilotlight::alerting {
namespace {

constexpr std::uintmax_t kFileBytesMax = 1 << 20;
/// A number too, so that it passes for a chat's id.
constexpr std::string_view kUnreadSecret = "1000000000000000";
constexpr std::string_view kUnreadUrl = "http://unread.invalid/";
constexpr std::string_view kSpace = " \t\r\n";

std::string trimmed(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    return std::string(text.substr(0, text.find_last_not_of(kSpace) + 1));
}

}  // namespace

void ReadContext::error(const Node& node, std::string message) {
    errors.push_back(node.error(std::move(message)));
}

std::string ReadContext::absolute(const std::string& path) const {
    return (std::filesystem::path(directory) / path).lexically_normal().string();
}

std::string ReadContext::read_file(const Node& node, const std::string& path) {
    const std::string whole = absolute(path);
    files_read.push_back(whole);
    std::error_code failed;
    const std::uintmax_t size = std::filesystem::file_size(whole, failed);
    if (failed) {
        error(node, fmt::format("cannot read {}: {}", whole, failed.message()));
        return "";
    }
    if (size > kFileBytesMax) {
        error(node, fmt::format("{} is over 1 MiB, expected a smaller file", whole));
        return "";
    }
    std::ifstream file(whole, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)), {});
    if (!file) error(node, fmt::format("cannot read {}", whole));
    return text;
}

Secret ReadContext::read_secret(const Node& section, std::string_view key) {
    const std::string file_key = fmt::format("{}_file", key);
    const Node* inline_text = section.find(key);
    const Node* file = section.find(file_key);
    if (inline_text != nullptr && inline_text->is_null()) inline_text = nullptr;
    if (file != nullptr && file->is_null()) file = nullptr;
    if (inline_text != nullptr && file != nullptr) {
        error(*file, fmt::format("at most one of {} and {} may be given", key, file_key));
        return {};
    }
    Secret secret;
    if (inline_text != nullptr) {
        config::read_value(*inline_text, secret, errors);
    } else if (file != nullptr) {
        std::string path;
        config::read_value(*file, path, errors);
        if (path.empty()) return {};
        if (!reads_secrets) return Secret(std::string(kUnreadSecret));
        const std::size_t before = errors.size();
        secret = Secret(trimmed(read_file(*file, path)));
        if (secret.empty() && errors.size() == before) {
            error(*file, fmt::format("{} is empty, expected a secret in it", absolute(path)));
        }
    }
    return secret;
}

Secret ReadContext::read_secret_url(const Node& section, std::string_view key) {
    Secret secret = read_secret(section, key);
    if (secret.empty()) return secret;
    const Node* inline_text = section.find(key);
    if (!reads_secrets && (inline_text == nullptr || inline_text->is_null())) {
        return Secret(std::string(kUnreadUrl));
    }
    const auto url = runtime::parse_url(secret.reveal());
    if (!url) {
        const Node* given = section.find(key);
        if (given == nullptr) given = section.find(fmt::format("{}_file", key));
        error(given == nullptr ? section : *given,
              fmt::format("{} is no URL: {}", key, url.error().message));
    }
    return secret;
}

void ReadContext::check_url(const Node& node, std::string_view url) {
    if (url.find("{{") != std::string_view::npos) return;
    const auto parsed = runtime::parse_url(url);
    if (!parsed) error(node, parsed.error().message);
}

MessageText ReadContext::parse_text(const TextOption& option) {
    PILOT_CHECK(templates != nullptr);
    auto parsed = MessageText::parse(option.text, *templates, option.where);
    if (parsed) return std::move(*parsed);
    errors.push_back(parsed.error());
    return {};
}

void read_value(const Node& node, TextOption& out, Errors& errors) {
    config::read_value(node, out.text, errors);
    out.where = node.where;
    if (node.quoted) ++out.where.column;
    if (node.block) out.where = {node.where.file, node.where.line + 1, 1};
}

}  // namespace pilotlight::alerting
