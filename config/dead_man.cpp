#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "config/sections.h"

namespace pilotlight::config {
namespace {

constexpr Duration kShortest = std::chrono::milliseconds(100);
constexpr std::size_t kUrlMax = 4'096;

struct Draft : DeadManConfig {
    Node url_node;
    Node url_file;
};

void read_every(const Node& node, Draft& draft, Errors& errors) {
    Duration value{};
    const std::size_t before = errors.size();
    read_value(node, value, errors);
    if (errors.size() != before) return;
    if (value < kShortest) return expected_value(node, "100ms or more", errors);
    draft.every = value;
}

void read_patience(const Node& node, Draft& draft, Errors& errors) {
    Duration value{};
    const std::size_t before = errors.size();
    read_value(node, value, errors);
    if (errors.size() != before) return;
    if (value <= Duration{0}) return expected_value(node, "more than 0s", errors);
    draft.patience = value;
}

/// Read once all is there: which of the two is given matters first.
template <Node Draft::* Member>
void keep(const Node& node, Draft& draft, Errors&) {
    draft.*Member = node;
}

constexpr Option<Draft> kOptions[] = {
    option_read_by<Draft>(keep<&Draft::url_node>, "url", "secret text", "",
                          "Where the heartbeat goes, by GET. A secret: services tell clients apart "
                          "by it."),
    option_read_by<Draft>(keep<&Draft::url_file>, "url_file", "path", "",
                          "A file that holds the URL instead, read anew at each reload."),
    option_read_by<Draft>(read_every, "every", "duration", "1m", "How often."),
    option_read_by<Draft>(read_patience, "patience", "duration", "15m",
                          "How long a notification may wait before delivery counts as broken. What "
                          "a fallback was told does not wait."),
};

/// What was read never stands in an error: it may be the URL.
void take_url(const Node& node, std::string text, Draft& draft, Errors& errors) {
    if (!is_web_url(text) || text.size() > kUrlMax) {
        errors.push_back(node.error("expected an http or https URL"));
        return;
    }
    draft.url = Secret(std::move(text));
}

void read_url_file(Draft& draft, Reading& reading) {
    const Node& node = draft.url_file;
    if (!node.is_scalar() || node.scalar.empty()) {
        return expected_value(node, "a path", reading.errors);
    }
    const std::string path = reading.resolve(node.scalar);
    reading.config.files_read.push_back(path);
    std::ifstream file(path);
    if (!file) {
        reading.errors.push_back(node.error(fmt::format("{} cannot be read", path)));
        return;
    }
    std::string text(kUrlMax + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
        text.pop_back();
    take_url(node, std::move(text), draft, reading.errors);
}

}  // namespace

void read_dead_man(const Node& node, Reading& reading) {
    if (node.is_null()) return;
    Draft draft;
    read_options(node, kOptions, draft, reading.errors);
    const bool has_url = !draft.url_node.is_null();
    if (has_url == !draft.url_file.is_null()) {
        reading.errors.push_back(node.error("expected one of \"url\" and \"url_file\""));
        return;
    }
    if (has_url && !draft.url_node.is_scalar()) {
        reading.errors.push_back(draft.url_node.error("expected an http or https URL"));
    } else if (has_url) {
        take_url(draft.url_node, draft.url_node.scalar, draft, reading.errors);
    } else {
        read_url_file(draft, reading);
    }
    reading.config.dead_man = std::move(draft);
}

SectionDocs dead_man_docs() {
    return {"dead_man",
            "The heartbeat that says, to a service elsewhere, that Pilotlight judges and "
            "delivers. It stops,\nand the log says once why, when the engine does not turn, when "
            "no rule has been evaluated for\nlonger than any rule's interval allows, or when a "
            "notification has waited for longer than\n`patience`. The service should alarm when "
            "it has heard nothing for three times `every`.",
            docs_of(kOptions)};
}

}  // namespace pilotlight::config
