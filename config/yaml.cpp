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
#include <map>
#include <sstream>
#include <unordered_set>

#include "config/characters.h"

namespace pilotlight::config {
namespace {

constexpr std::size_t kBytesMax = 10U << 20;
constexpr std::size_t kNodesMax = 1'000'000;
constexpr int kDepthMax = 100;
/// Bytes of all scalars, those of aliases counted at each use.
constexpr std::size_t kScalarBytesMax = 4 * kBytesMax;

/// Leaves yaml-cpp's parser, which knows no other way to be stopped.
struct Stop {
    Error error;
};

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

/// What a subtree costs.
struct Cost {
    std::size_t nodes = 0;
    std::size_t bytes = 0;
    int height = 0;
};

/// Builds our tree from yaml-cpp's events, within the limits.
class TreeBuilder : public YAML::EventHandler {
  public:
    TreeBuilder(std::string_view text, const std::string& file)
        : text_(text), places_(text, file) {}

    Node take() { return std::move(root_); }
    Location place(const YAML::Mark& mark) { return places_.at(mark); }

    void OnDocumentStart(const YAML::Mark& mark) override { root_.where = places_.at(mark); }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        Node node;
        node.where = places_.at(mark);
        spend({.nodes = 1}, node.where);
        remember(anchor, node, {.nodes = 1});
        put(std::move(node), false);
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
            throw Stop{node.error("bad YAML: the closing quote is missing")};
        }
        const Cost cost{.nodes = 1, .bytes = value.size()};
        spend(cost, node.where);
        remember(anchor, node, cost);
        put(std::move(node), !in_quotes && !node.block);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const Location where = places_.at(mark);
        const auto found = anchored_.find(anchor);
        if (found == anchored_.end())
            throw Stop{Error("an alias inside what it stands for", where)};
        const auto& [node, cost] = found->second;
        check_depth(cost.height, where);
        spend(cost, where);
        if (!frames_.empty()) frames_.back().height = std::max(frames_.back().height, cost.height);
        put(node, false);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(Node::Kind::sequence, mark, tag, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(Node::Kind::mapping, mark, tag, anchor);
    }
    void OnMapEnd() override {
        merge();
        close();
    }

  private:
    /// A list or mapping that is still open.
    struct Frame {
        Node node;
        YAML::anchor_t anchor = 0;
        /// What had been spent before it was opened.
        Cost before;
        int height = 0;
        /// The key whose value comes next.
        std::optional<Node::Entry> pending;
        bool pending_is_merge = false;
        std::unordered_set<std::string> keys;
        std::vector<Node> merges;
    };

    void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
              YAML::anchor_t anchor) {
        Frame frame;
        frame.node.kind = kind;
        frame.node.where = places_.at(mark);
        frame.anchor = anchor;
        frame.before = spent_;
        check_tag(tag, frame.node.where);
        check_depth(1, frame.node.where);
        spend({.nodes = 1}, frame.node.where);
        if (expects_key()) refuse_key(frame.node.where);
        frames_.push_back(std::move(frame));
    }

    void close() {
        Frame frame = std::move(frames_.back());
        frames_.pop_back();
        const int height = frame.height + 1;
        remember(frame.anchor, frame.node,
                 {.nodes = spent_.nodes - frame.before.nodes,
                  .bytes = spent_.bytes - frame.before.bytes,
                  .height = height});
        if (!frames_.empty()) frames_.back().height = std::max(frames_.back().height, height);
        put(std::move(frame.node), false);
    }

    /// Hands a finished node to what holds it: as an item, a key or a key's value.
    void put(Node node, bool plain) {
        if (frames_.empty()) {
            root_ = std::move(node);
            return;
        }
        Frame& frame = frames_.back();
        if (frame.node.is_sequence()) {
            frame.node.items.push_back(std::move(node));
        } else if (!frame.pending) {
            begin_entry(frame, std::move(node), plain);
        } else if (frame.pending_is_merge) {
            frame.merges.push_back(std::move(node));
            frame.pending.reset();
        } else {
            frame.pending->value = std::move(node);
            frame.node.entries.push_back(std::move(*frame.pending));
            frame.pending.reset();
        }
    }

    void begin_entry(Frame& frame, Node key, bool plain) {
        if (!key.is_scalar()) refuse_key(key.where);
        if (!frame.keys.insert(key.scalar).second) {
            throw Stop{Error(fmt::format("the key \"{}\" is given twice", key.scalar), key.where)};
        }
        frame.pending_is_merge = plain && key.scalar == "<<";
        frame.pending.emplace();
        frame.pending->key = std::move(key.scalar);
        frame.pending->key_where = std::move(key.where);
    }

    /// Carries out `<<`: the mapping's own keys win, then the earlier source, as in Go's library.
    void merge() {
        Frame& frame = frames_.back();
        for (Node& source : frame.merges) {
            if (source.is_mapping()) {
                merge_from(frame, source);
                continue;
            }
            if (!source.is_sequence()) refuse_merge(source);
            for (Node& item : source.items) {
                if (!item.is_mapping()) refuse_merge(item);
                merge_from(frame, item);
            }
        }
    }

    static void merge_from(Frame& frame, Node& source) {
        for (Node::Entry& entry : source.entries) {
            if (frame.keys.insert(entry.key).second) {
                frame.node.entries.push_back(std::move(entry));
            }
        }
    }

    [[noreturn]] static void refuse_merge(const Node& source) {
        throw Stop{
            source.error(fmt::format("expected a mapping or a list of mappings to merge "
                                     "with <<, got {}",
                                     source.kind_name()))};
    }

    [[nodiscard]] bool expects_key() const {
        return !frames_.empty() && frames_.back().node.is_mapping() && !frames_.back().pending;
    }

    [[noreturn]] static void refuse_key(const Location& where) {
        throw Stop{Error("expected a text as a key, got a list, a mapping or nothing", where)};
    }

    void remember(YAML::anchor_t anchor, const Node& node, const Cost& cost) {
        if (anchor == 0) return;
        spend(cost, node.where);
        anchored_.insert_or_assign(anchor, std::pair(node, cost));
    }

    void spend(const Cost& cost, const Location& where) {
        spent_.nodes += cost.nodes;
        spent_.bytes += cost.bytes;
        if (spent_.nodes > kNodesMax || spent_.bytes > kScalarBytesMax) {
            throw Stop{Error(fmt::format("too large: more than {} values or {} MiB of text, "
                                         "aliases counted at each use",
                                         kNodesMax, kScalarBytesMax >> 20),
                             where)};
        }
    }

    void check_depth(int levels, const Location& where) const {
        if (static_cast<int>(frames_.size()) + levels <= kDepthMax) return;
        throw Stop{Error(fmt::format("nested more than {} levels deep", kDepthMax), where)};
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
        throw Stop{Error(fmt::format("unknown tag \"{}\"", tag), where)};
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
    Node root_;
    std::vector<Frame> frames_;
    std::map<YAML::anchor_t, std::pair<Node, Cost>> anchored_;
    Cost spent_;
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
std::optional<Error> check_rest(YAML::Parser& parser, TreeBuilder& builder, std::string_view text,
                                MoreDocuments more) {
    try {
        DocumentStart handler;
        parser.HandleNextDocument(handler);
    } catch (const YAML::Mark& mark) {
        const std::size_t at = std::min(static_cast<std::size_t>(mark.pos), text.size());
        if (!text.substr(at).starts_with("---")) {
            return Error("bad YAML: unexpected text, expected the end of the document",
                         builder.place(mark));
        }
        if (more == MoreDocuments::ignore) return std::nullopt;
        return Error("a second document, expected one only: put it into a file of its own",
                     builder.place(mark));
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
    TreeBuilder builder(text, file);
    try {
        YAML::Parser parser(stream);
        if (!parser.HandleNextDocument(builder)) {
            Node nothing;
            nothing.where = {file, 1, 1};
            return nothing;
        }
        if (auto bad = check_rest(parser, builder, text, more)) {
            return std::unexpected(std::move(*bad));
        }
        return builder.take();
    } catch (const Stop& stop) {
        return std::unexpected(stop.error);
    } catch (const YAML::Exception& e) {
        return fail(explain(e.msg), builder.place(e.mark));
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
