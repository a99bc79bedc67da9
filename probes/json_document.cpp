#include "probes/json_document.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace pilotlight::probes {

namespace {

using Json = nlohmann::json;
using Nodes = std::vector<const Json*>;

constexpr std::size_t kMostShown = 120;

/// How deeply arrays and objects stand in each other, whether or not the text is JSON.
std::size_t nesting_of(std::string_view text) {
    std::size_t depth = 0;
    std::size_t deepest = 0;
    bool in_text = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_text) {
            if (c == '\\') ++i;
            if (c == '"') in_text = false;
        } else if (c == '"') {
            in_text = true;
        } else if (c == '[' || c == '{') {
            deepest = std::max(deepest, ++depth);
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return deepest;
}

/// What a comparison has at a side: a value, or nothing.
struct Side {
    const Json* node = nullptr;
    Json literal;
    bool is_literal = false;

    [[nodiscard]] const Json* value() const { return is_literal ? &literal : node; }
};

Json json_of(const JsonLiteral& literal) {
    return std::visit(
        []<class T>(const T& value) -> Json {
            if constexpr (std::same_as<T, JsonNull>) {
                return nullptr;
            } else {
                return value;
            }
        },
        literal);
}

/// Evaluates one path. Ends by itself once too many nodes were looked at.
class Search {
  public:
    explicit Search(const Json& root) : root_(root) {}

    Nodes run(const JsonQuery& query, const Json& current) {
        Nodes nodes{query.from_root ? &root_ : &current};
        for (const JsonSegment& segment : query.segments) {
            Nodes next;
            for (const Json* node : nodes) {
                if (is_over()) break;
                if (segment.descendant) {
                    descend(segment, *node, next);
                } else {
                    apply(segment, *node, next);
                }
            }
            nodes = std::move(next);
        }
        return nodes;
    }

    [[nodiscard]] bool is_over() const { return visits_ > JsonDocument::kVisitsMax; }

  private:
    void descend(const JsonSegment& segment, const Json& node, Nodes& out) {
        apply(segment, node, out);
        if (!node.is_structured()) return;
        for (const Json& child : node) {
            if (is_over()) return;
            descend(segment, child, out);
        }
    }

    void apply(const JsonSegment& segment, const Json& node, Nodes& out) {
        ++visits_;
        for (const JsonSelector& selector : segment.selectors)
            std::visit([&](const auto& what) { pick(what, node, out); }, selector.what);
    }

    void add(const Json& node, Nodes& out) {
        if (++visits_ > JsonDocument::kVisitsMax) return;
        out.push_back(&node);
    }

    void pick(const std::string& name, const Json& node, Nodes& out) {
        if (!node.is_object()) return;
        const auto found = node.find(name);
        if (found != node.end()) add(*found, out);
    }

    void pick(std::int64_t index, const Json& node, Nodes& out) {
        if (!node.is_array()) return;
        const auto size = static_cast<std::int64_t>(node.size());
        const std::int64_t at = index < 0 ? size + index : index;
        if (at >= 0 && at < size) add(node[static_cast<std::size_t>(at)], out);
    }

    void pick(JsonSelector::Wildcard, const Json& node, Nodes& out) {
        if (!node.is_structured()) return;
        for (const Json& child : node) {
            if (is_over()) return;
            add(child, out);
        }
    }

    /// RFC 9535, 2.3.4.2.2.
    void pick(const JsonSelector::Slice& slice, const Json& node, Nodes& out) {
        if (!node.is_array() || slice.step == 0) return;
        const auto size = static_cast<std::int64_t>(node.size());
        const bool up = slice.step > 0;
        const auto normal = [&](std::int64_t at) { return at >= 0 ? at : size + at; };
        const std::int64_t start = normal(slice.start.value_or(up ? 0 : size - 1));
        const std::int64_t end = slice.end ? normal(*slice.end) : (up ? size : -1);
        if (up) {
            const std::int64_t last = std::clamp<std::int64_t>(end, 0, size);
            for (std::int64_t i = std::clamp<std::int64_t>(start, 0, size); i < last && !is_over();
                 i += slice.step)
                add(node[static_cast<std::size_t>(i)], out);
        } else {
            const std::int64_t last = std::clamp<std::int64_t>(end, -1, size - 1);
            for (std::int64_t i = std::clamp<std::int64_t>(start, -1, size - 1);
                 i > last && !is_over(); i += slice.step)
                add(node[static_cast<std::size_t>(i)], out);
        }
    }

    void pick(const std::shared_ptr<const JsonFilter>& filter, const Json& node, Nodes& out) {
        if (!node.is_structured()) return;
        for (const Json& child : node) {
            if (is_over()) return;
            if (holds(*filter, child)) add(child, out);
        }
    }

    bool holds(const JsonFilter& filter, const Json& current) {
        ++visits_;
        const auto part_holds = [&](const std::shared_ptr<const JsonFilter>& part) {
            return holds(*part, current);
        };
        switch (filter.kind) {
            case JsonFilter::Kind::any_of:
                return std::ranges::any_of(filter.parts, part_holds);
            case JsonFilter::Kind::all_of:
                return std::ranges::all_of(filter.parts, part_holds);
            case JsonFilter::Kind::negated:
                return !holds(*filter.parts.front(), current);
            case JsonFilter::Kind::exists:
                return !run(filter.query, current).empty();
            case JsonFilter::Kind::compared:
                return compare(filter, current);
        }
        return false;
    }

    Side side_of(const JsonFilter::Operand& operand, const Json& current) {
        if (const auto* literal = std::get_if<JsonLiteral>(&operand)) {
            return {nullptr, json_of(*literal), true};
        }
        const Nodes nodes = run(std::get<JsonQuery>(operand), current);
        return {nodes.empty() ? nullptr : nodes.front(), {}, false};
    }

    /// RFC 9535, 2.3.5.2.2: nothing equals nothing only, and only numbers and texts have an order.
    bool compare(const JsonFilter& filter, const Json& current) {
        const Side left_side = side_of(filter.left, current);
        const Side right_side = side_of(filter.right, current);
        const Json* left = left_side.value();
        const Json* right = right_side.value();
        const bool is_equal = left == nullptr || right == nullptr ? left == right : *left == *right;
        const auto is_less = [](const Json* a, const Json* b) {
            if (a == nullptr || b == nullptr) return false;
            const bool ordered =
                (a->is_number() && b->is_number()) || (a->is_string() && b->is_string());
            return ordered && *a < *b;
        };
        using enum JsonFilter::Comparison;
        switch (filter.comparison) {
            case equal:
                return is_equal;
            case not_equal:
                return !is_equal;
            case less:
                return is_less(left, right);
            case less_or_equal:
                return is_less(left, right) || is_equal;
            case greater:
                return is_less(right, left);
            case greater_or_equal:
                return is_less(right, left) || is_equal;
        }
        return false;
    }

    const Json& root_;
    std::size_t visits_ = 0;
};

const Json& json_at(const void* json) {
    return *static_cast<const Json*>(json);
}

std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

struct JsonDocument::Root {
    Json json;
};

JsonDocument::JsonDocument(std::unique_ptr<const Root> root) : root_(std::move(root)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

Result<JsonDocument> JsonDocument::parse(std::string_view text) {
    if (nesting_of(text) > kNestingMax) {
        return fail(fmt::format("nested more than {} deep", kNestingMax));
    }
    try {
        return JsonDocument(std::make_unique<const Root>(Json::parse(text)));
    } catch (const Json::parse_error& error) {
        return fail(fmt::format("no JSON from byte {} on", error.byte));
    } catch (const Json::exception&) {
        // A number beyond all doubles.
        return fail("a number that is out of range");
    }
}

Result<std::vector<JsonDocument::Value>> JsonDocument::select(const JsonPath& path) const {
    Search search(root_->json);
    const Nodes nodes = search.run(path.query(), root_->json);
    if (search.is_over()) {
        return fail(fmt::format("over {} values were looked at", kVisitsMax));
    }
    std::vector<Value> values;
    values.reserve(nodes.size());
    for (const Json* node : nodes)
        values.push_back(Value(node));
    return values;
}

JsonDocument::Value::Kind JsonDocument::Value::kind() const {
    const Json& json = json_at(json_);
    if (json.is_boolean()) return Kind::boolean;
    if (json.is_number()) return Kind::number;
    if (json.is_string()) return Kind::text;
    if (json.is_array()) return Kind::array;
    return json.is_object() ? Kind::object : Kind::null;
}

std::string_view JsonDocument::Value::kind_name() const {
    static constexpr std::string_view kNames[] = {"null",   "true or false", "a number",
                                                  "a text", "an array",      "an object"};
    return kNames[static_cast<std::size_t>(kind())];
}

double JsonDocument::Value::number() const {
    const Json& json = json_at(json_);
    return json.is_number() ? json.get<double>() : 0;
}

std::string JsonDocument::Value::text() const {
    const Json& json = json_at(json_);
    return json.is_string() ? json.get<std::string>() : dump(json);
}

std::string JsonDocument::Value::shown(const HideSecrets& hide) const {
    const Json& json = json_at(json_);
    if (json.is_structured()) {
        return fmt::format("{} of {}", kind_name(), json.size());
    }
    if (!json.is_string()) return dump(json);
    const auto& text = json.get_ref<const std::string&>();
    // Cut first, part of a secret would be left that nothing finds any more.
    const std::string beginning = hide ? hide(text, kMostShown) : text.substr(0, kMostShown);
    return dump(Json(beginning)) + (text.size() > kMostShown ? "..." : "");
}

bool JsonDocument::Value::equals(const JsonLiteral& literal) const {
    return json_at(json_) == json_of(literal);
}

bool JsonDocument::Value::contains(const JsonLiteral& literal) const {
    const Json& json = json_at(json_);
    const Json wanted = json_of(literal);
    if (json.is_array()) return std::ranges::find(json, wanted) != json.end();
    if (!wanted.is_string()) return false;
    const auto& part = wanted.get_ref<const std::string&>();
    if (json.is_object()) return json.contains(part);
    return json.is_string() && json.get_ref<const std::string&>().contains(part);
}

}  // namespace pilotlight::probes
