#include "config/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "config/characters.h"
#include "config/tree_builder.h"

namespace pilotlight::config {
namespace {

constexpr std::size_t kBytesMax = 10U << 20;

/// Turns yaml-cpp's marks into places. Its columns count bytes from 0, ours characters from 1.
class Places {
  public:
    Places(std::string_view text, const std::string& file) : text_(text), file_(file) {}

    Location at(const YAML::Mark& mark) {
        if (mark.is_null()) return {file_, 0, 0};
        const auto position = std::min(static_cast<std::size_t>(mark.pos), text_.size());
        if (mark.line != line_ || position < position_) {
            line_ = mark.line;
            position_ = position - std::min(static_cast<std::size_t>(mark.column), position);
            column_ = 1;
        }
        for (; position_ < position; ++position_) {
            if ((static_cast<unsigned char>(text_[position_]) & 0xc0U) != 0x80U) ++column_;
        }
        return {file_, line_ + 1, column_};
    }

  private:
    std::string_view text_;
    const std::string& file_;
    int line_ = -1;
    std::size_t position_ = 0;
    int column_ = 1;
};

/// Whether a quoted scalar has its closing quote: yaml-cpp takes the end of the file for one.
bool is_closed(std::string_view source) {
    const char quote = source[0];
    for (std::size_t at = 1; at < source.size(); ++at) {
        const bool escaped =
            quote == '"' ? source[at] == '\\' : source.substr(at).starts_with("''");
        if (escaped) {
            ++at;
        } else if (source[at] == quote) {
            return true;
        }
    }
    return false;
}

/// Takes yaml-cpp's events to the builder, with what yaml-cpp does not say itself.
class Events : public YAML::EventHandler {
  public:
    Events(std::string_view text, const std::string& file) : text_(text), places_(text, file) {}

    [[nodiscard]] Node take() { return builder_.take(); }
    [[nodiscard]] Location place(const YAML::Mark& mark) { return places_.at(mark); }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        Node node;
        node.where = places_.at(mark);
        builder_.add(std::move(node), false, anchor);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        Node node;
        node.where = places_.at(mark);
        check_tag(tag, node.where);
        node.kind = Node::Kind::scalar;
        node.scalar = value;
        const std::string_view source = scalar_source(mark);
        const bool in_quotes = source.starts_with('"') || source.starts_with('\'');
        node.block = source.starts_with('|') || source.starts_with('>');
        node.quoted = in_quotes || tag == "tag:yaml.org,2002:str";
        if (in_quotes && !is_closed(source)) {
            throw TreeBuilder::Stop{node.error("bad YAML: the closing quote is missing")};
        }
        const bool plain = !in_quotes && !node.block;
        builder_.add(std::move(node), plain, anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        builder_.add_alias(anchor, places_.at(mark));
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(Node::Kind::sequence, mark, tag, anchor);
    }
    void OnSequenceEnd() override { builder_.close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(Node::Kind::mapping, mark, tag, anchor);
    }
    void OnMapEnd() override { builder_.close(); }

  private:
    void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
              YAML::anchor_t anchor) {
        const Location where = places_.at(mark);
        check_tag(tag, where);
        builder_.open(kind, where, anchor);
    }

    /// Tags of YAML's own types change nothing, since our readers know what they expect; any
    /// other asks for something that would not be done.
    static void check_tag(const std::string& tag, const Location& where) {
        constexpr std::array<std::string_view, 11> kHarmless{"",
                                                             "?",
                                                             "!",
                                                             "tag:yaml.org,2002:str",
                                                             "tag:yaml.org,2002:int",
                                                             "tag:yaml.org,2002:float",
                                                             "tag:yaml.org,2002:bool",
                                                             "tag:yaml.org,2002:null",
                                                             "tag:yaml.org,2002:map",
                                                             "tag:yaml.org,2002:seq",
                                                             "tag:yaml.org,2002:timestamp"};
        if (std::ranges::find(kHarmless, tag) != kHarmless.end()) return;
        throw TreeBuilder::Stop{Error(fmt::format("unknown tag \"{}\"", tag), where)};
    }

    /// The text from where the scalar at `mark` itself begins: yaml-cpp's mark stands in front of
    /// tag and anchor.
    [[nodiscard]] std::string_view scalar_source(const YAML::Mark& mark) const {
        constexpr std::string_view kSpace = " \t\r\n";
        std::string_view rest =
            text_.substr(std::min(static_cast<std::size_t>(mark.pos), text_.size()));
        while (rest.starts_with('&') || rest.starts_with('!')) {
            rest.remove_prefix(std::min(rest.find_first_of(kSpace), rest.size()));
            rest.remove_prefix(std::min(rest.find_first_not_of(kSpace), rest.size()));
        }
        return rest;
    }

    std::string_view text_;
    Places places_;
    TreeBuilder builder_;
};

/// Says what was expected where yaml-cpp only names its own state.
std::string explain(const std::string& message) {
    static const std::array<std::pair<std::string_view, std::string_view>, 9> kPlainly{{
        {YAML::ErrorMsg::END_OF_MAP,
         "expected a \"key: value\" of the mapping above, indented alike, or its end"},
        {YAML::ErrorMsg::END_OF_SEQ,
         "expected a \"- item\" of the list above, indented alike, or its end"},
        {YAML::ErrorMsg::END_OF_MAP_FLOW, "expected \",\" or \"}\""},
        {YAML::ErrorMsg::END_OF_SEQ_FLOW, "expected \",\" or \"]\""},
        {YAML::ErrorMsg::MAP_VALUE,
         "unexpected \":\", expected quotes around a text that holds \": \""},
        {YAML::ErrorMsg::BLOCK_ENTRY, "unexpected \"- \", expected no list here"},
        {YAML::ErrorMsg::UNKNOWN_TOKEN,
         "unexpected character, expected quotes around a text that begins with it"},
        {YAML::ErrorMsg::EOF_IN_SCALAR, "the closing quote is missing"},
        {YAML::ErrorMsg::UNKNOWN_ANCHOR, "an alias without an anchor (&) before it"},
    }};
    const auto known =
        std::ranges::find(kPlainly, message, [](const auto& row) { return row.first; });
    return fmt::format("bad YAML: {}", known == kPlainly.end() ? message : known->second);
}

/// Only asks whether there is one more document, and where.
class DocumentStart : public YAML::EventHandler {
  public:
    void OnDocumentStart(const YAML::Mark& mark) override { throw mark; }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}
};

/// What stands behind the first document. Junk there is an error even where a second document is
/// ignored: yaml-cpp takes it for one.
std::optional<Error> check_rest(YAML::Parser& parser, Events& events, std::string_view text,
                                MoreDocuments more) {
    try {
        DocumentStart handler;
        parser.HandleNextDocument(handler);
    } catch (const YAML::Mark& mark) {
        const std::size_t at = std::min(static_cast<std::size_t>(mark.pos), text.size());
        if (!text.substr(at).starts_with("---")) {
            return Error("bad YAML: unexpected text, expected the end of the document",
                         events.place(mark));
        }
        if (more == MoreDocuments::ignore) return std::nullopt;
        return Error("a second document, expected one only: put it into a file of its own",
                     events.place(mark));
    }
    return std::nullopt;
}

}  // namespace

Result<Node> parse_yaml(std::string_view text, const std::string& file, MoreDocuments more) {
    if (text.size() > kBytesMax) {
        return fail(fmt::format("larger than {} MiB", kBytesMax >> 20), {file, 0, 0});
    }
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    if (auto bad = find_bad_character(text, file)) return std::unexpected(std::move(*bad));
    std::istringstream stream{std::string(text)};
    Events events(text, file);
    try {
        YAML::Parser parser(stream);
        if (!parser.HandleNextDocument(events)) {
            Node nothing;
            nothing.where = {file, 1, 1};
            return nothing;
        }
        if (auto bad = check_rest(parser, events, text, more)) {
            return std::unexpected(std::move(*bad));
        }
        return events.take();
    } catch (const TreeBuilder::Stop& stop) {
        return std::unexpected(stop.error);
    } catch (const YAML::Exception& e) {
        return fail(explain(e.msg), events.place(e.mark));
    }
}

Result<Node> load_yaml(const std::string& path, MoreDocuments more) {
    std::ifstream in(path, std::ios::binary);
    std::string text(kBytesMax + 1, '\0');
    if (in.is_open()) in.read(text.data(), static_cast<std::streamsize>(text.size()));
    // A folder opens like a file, and fails at the first read.
    if (!in.is_open() || in.bad()) {
        return fail(fmt::format("cannot read: {}", std::strerror(errno)), {path, 0, 0});
    }
    text.resize(static_cast<std::size_t>(in.gcount()));
    return parse_yaml(text, path, more);
}

}  // namespace pilotlight::config
