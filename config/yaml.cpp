#include "config/yaml.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <yaml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <unordered_map>

#include "config/characters.h"
#include "config/tree_builder.h"
#include "core/check.h"

namespace pilotlight::config {
namespace {

constexpr std::size_t kBytesMax = 10U << 20;

std::string_view text_of(const yaml_char_t* text) {
    return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

/// libyaml's places count characters from 0, ours from 1.
Location place_of(const FileName& file, const yaml_mark_t& mark) {
    return {file, static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1};
}

/// Says what was expected where libyaml names its own state. In a quoted text, and for a key whose
/// colon is missing, where it begins tells more than where the parser gave up.
Error syntax_error(const yaml_parser_t& parser, std::string_view text, const FileName& file) {
    struct Plainly {
        std::string_view problem;
        std::string_view message;
        bool at_begin = false;
    };
    static constexpr std::array<Plainly, 10> kPlainly{{
        {"did not find expected key",
         "expected a \"key: value\" of the mapping above, indented alike, or its end"},
        {"did not find expected '-' indicator",
         "expected a \"- item\" of the list above, indented alike, or its end"},
        {"did not find expected ',' or '}'", "expected \",\" or \"}\""},
        {"did not find expected ',' or ']'", "expected \",\" or \"]\""},
        {"mapping values are not allowed in this context",
         "unexpected \":\", expected quotes around a text that holds \": \""},
        {"block sequence entries are not allowed in this context",
         "unexpected \"- \", expected no list here"},
        {"found character that cannot start any token",
         "unexpected character, expected quotes around a text that begins with it"},
        {"found unexpected end of stream", "the closing quote is missing", true},
        {"found unexpected document indicator", "the closing quote is missing", true},
        {"could not find expected ':'", "expected \":\" after the key", true},
    }};
    const std::string_view problem = parser.problem == nullptr ? "out of memory" : parser.problem;
    if (parser.error == YAML_READER_ERROR) {
        Location where = place_of_byte(text, parser.problem_offset, file);
        return Error(fmt::format("bad YAML: {}", problem), std::move(where));
    }
    const auto* known = std::ranges::find(kPlainly, problem, &Plainly::problem);
    if (known == kPlainly.end()) {
        return Error(fmt::format("bad YAML: {}", problem), place_of(file, parser.problem_mark));
    }
    const yaml_mark_t& mark = known->at_begin ? parser.context_mark : parser.problem_mark;
    return Error(fmt::format("bad YAML: {}", known->message), place_of(file, mark));
}

/// One event of libyaml, freed at the end.
class Event {
  public:
    Event() = default;
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    ~Event() { yaml_event_delete(&raw); }

    [[nodiscard]] bool is(yaml_event_type_t type) const { return raw.type == type; }

    yaml_event_t raw{};
};

/// Takes one document from libyaml's events to the builder. Throws TreeBuilder::Stop at the first
/// fault.
class Reader {
  public:
    Reader(std::string_view text, const FileName& file) : text_(text), file_(file) {
        PILOT_CHECK(yaml_parser_initialize(&parser_) == 1);
        yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                     text.size());
    }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader() { yaml_parser_delete(&parser_); }

    Node read(MoreDocuments more) {
        expect_stream();
        if (!read_document_start()) {
            Node nothing;
            nothing.where = {file_, 1, 1};
            return nothing;
        }
        while (true) {
            Event event;
            next(event);
            if (event.is(YAML_DOCUMENT_END_EVENT)) break;
            take(event.raw);
        }
        check_rest(more);
        return builder_.take();
    }

  private:
    void next(Event& event) {
        if (yaml_parser_parse(&parser_, &event.raw) == 1) return;
        throw TreeBuilder::Stop{syntax_error(parser_, text_, file_)};
    }

    void expect_stream() {
        Event event;
        next(event);
    }

    /// Where there is one more document.
    std::optional<Location> read_document_start() {
        Event event;
        next(event);
        if (event.is(YAML_STREAM_END_EVENT)) return std::nullopt;
        return place_of(file_, event.raw.start_mark);
    }

    /// What stands behind the first document: junk is an error even where a second document is
    /// ignored.
    void check_rest(MoreDocuments more) {
        const auto second = read_document_start();
        if (!second || more == MoreDocuments::ignore) return;
        throw TreeBuilder::Stop{
            Error("a second document, expected one only: put it into a file of its own", *second)};
    }

    void take(const yaml_event_t& event) {
        const Location where = place_of(file_, event.start_mark);
        switch (event.type) {
            case YAML_SCALAR_EVENT:
                return take_scalar(event, where);
            case YAML_ALIAS_EVENT:
                return builder_.add_alias(known_anchor(event.data.alias.anchor, where), where);
            case YAML_SEQUENCE_START_EVENT: {
                const auto& start = event.data.sequence_start;
                check_tag(text_of(start.tag), where);
                return builder_.open(Node::Kind::sequence, where, new_anchor(start.anchor));
            }
            case YAML_MAPPING_START_EVENT: {
                const auto& start = event.data.mapping_start;
                check_tag(text_of(start.tag), where);
                return builder_.open(Node::Kind::mapping, where, new_anchor(start.anchor));
            }
            case YAML_SEQUENCE_END_EVENT:
            case YAML_MAPPING_END_EVENT:
                return builder_.close();
            default:
                break;
        }
        PILOT_CHECK(false);
    }

    void take_scalar(const yaml_event_t& event, const Location& where) {
        const auto& scalar = event.data.scalar;
        const std::string_view tag = text_of(scalar.tag);
        check_tag(tag, where);
        const std::string_view value{reinterpret_cast<const char*>(scalar.value), scalar.length};
        const auto style = scalar.style;
        const bool plain = style == YAML_PLAIN_SCALAR_STYLE;
        Node node;
        node.where = where;
        if (plain && (tag.empty() || tag == kNullTag) && is_null(value)) {
            return builder_.add(std::move(node), false, new_anchor(scalar.anchor));
        }
        node.kind = Node::Kind::scalar;
        node.scalar = value;
        node.quoted = style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
                      style == YAML_DOUBLE_QUOTED_SCALAR_STYLE || tag == kTextTag;
        node.block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
        builder_.add(std::move(node), plain, new_anchor(scalar.anchor));
    }

    static bool is_null(std::string_view plain) {
        return plain.empty() || plain == "~" || plain == "null" || plain == "Null" ||
               plain == "NULL";
    }

    /// Tags of YAML's own types change nothing, since our readers know what they expect; any
    /// other asks for something that would not be done.
    static void check_tag(std::string_view tag, const Location& where) {
        if (tag.empty()) return;
        constexpr std::array<std::string_view, 9> kHarmless{"!",
                                                            kTextTag,
                                                            kNullTag,
                                                            "tag:yaml.org,2002:int",
                                                            "tag:yaml.org,2002:float",
                                                            "tag:yaml.org,2002:bool",
                                                            "tag:yaml.org,2002:map",
                                                            "tag:yaml.org,2002:seq",
                                                            "tag:yaml.org,2002:timestamp"};
        if (std::ranges::find(kHarmless, tag) != kHarmless.end()) return;
        throw TreeBuilder::Stop{Error(fmt::format("unknown tag \"{}\"", tag), where)};
    }

    /// An anchor's name may be given again, and stands for the newer value from there on.
    TreeBuilder::Anchor new_anchor(const yaml_char_t* name) {
        if (name == nullptr) return 0;
        return anchors_[std::string(text_of(name))] = ++last_anchor_;
    }

    TreeBuilder::Anchor known_anchor(const yaml_char_t* name, const Location& where) const {
        const auto found = anchors_.find(std::string(text_of(name)));
        if (found != anchors_.end()) return found->second;
        throw TreeBuilder::Stop{Error("bad YAML: an alias without an anchor (&) before it", where)};
    }

    static constexpr std::string_view kTextTag = "tag:yaml.org,2002:str";
    static constexpr std::string_view kNullTag = "tag:yaml.org,2002:null";

    std::string_view text_;
    const FileName& file_;
    yaml_parser_t parser_{};
    TreeBuilder builder_;
    std::unordered_map<std::string, TreeBuilder::Anchor> anchors_;
    TreeBuilder::Anchor last_anchor_ = 0;
};

/// False, with errno, where reading fails. Stops when there is more than may be.
bool read_all(int descriptor, std::string& text) {
    constexpr std::size_t kPiece = 64U << 10;
    while (text.size() <= kBytesMax) {
        const std::size_t before = text.size();
        text.resize(before + kPiece);
        const ssize_t count = ::read(descriptor, text.data() + before, kPiece);
        text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        if (count == 0) return true;
        if (count < 0 && errno != EINTR) return false;
    }
    return true;
}

}  // namespace

Result<Node> parse_yaml(std::string_view text, const std::string& file, MoreDocuments more) {
    const FileName name(file);
    if (text.size() > kBytesMax) {
        return fail(fmt::format("larger than {} MiB", kBytesMax >> 20), {name, 0, 0});
    }
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    if (auto bad = find_bad_character(text, name)) return std::unexpected(std::move(*bad));
    try {
        return Reader(text, name).read(more);
    } catch (TreeBuilder::Stop& stop) {
        return std::unexpected(std::move(stop.error));
    }
}

bool is_standard_input(std::string_view path) {
    return path == "-" || path == "/dev/stdin";
}

Result<Node> load_yaml(const std::string& path, MoreDocuments more) {
    // By its descriptor: a socket cannot be opened as /dev/stdin.
    const bool standard = is_standard_input(path);
    const int descriptor =
        standard ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    std::string text;
    const bool read = descriptor >= 0 && read_all(descriptor, text);
    const int error = errno;
    if (!standard && descriptor >= 0) ::close(descriptor);
    if (!read) return fail(fmt::format("cannot read: {}", std::strerror(error)), {path, 0, 0});
    return parse_yaml(text, path, more);
}

}  // namespace pilotlight::config
