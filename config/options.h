#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/document.h"
#include "core/error.h"
#include "core/labels.h"
#include "core/matcher.h"
#include "core/regexp.h"
#include "core/secret.h"
#include "core/time.h"

/// Options are tables: the same row reads the value, checks it, and describes it in
/// docs/configuration.md. A struct of plain members with their defaults, a table of rows beside
/// it, and read_options() is all that a section needs.
namespace pilotlight::config {

/// What the reference says of one key.
struct OptionDoc {
    std::string_view key;
    /// "duration", "list of integers", ...
    std::string_view type;
    /// As a user would write it; "" for none, "required" where it must be given.
    std::string_view default_text;
    std::string_view description;
};

/// Sizes are written 512, 10KB, 1MB, 2MiB; as Prometheus has it, a KB is 1024 bytes like a KiB.
struct Bytes {
    std::uint64_t count = 0;
    auto operator<=>(const Bytes&) const = default;
};

// One overload per type an option may have: each appends to `errors`, with the node's place, what
// was expected, and leaves `out` alone when the text is not of the type.
void read_value(const Node& node, bool& out, Errors& errors);
void read_value(const Node& node, int& out, Errors& errors);
void read_value(const Node& node, std::uint64_t& out, Errors& errors);
void read_value(const Node& node, double& out, Errors& errors);
void read_value(const Node& node, std::string& out, Errors& errors);
void read_value(const Node& node, Secret& out, Errors& errors);
void read_value(const Node& node, Duration& out, Errors& errors);
void read_value(const Node& node, Bytes& out, Errors& errors);
void read_value(const Node& node, Regexp& out, Errors& errors);
void read_value(const Node& node, std::optional<Regexp>& out, Errors& errors);
void read_value(const Node& node, std::vector<Regexp>& out, Errors& errors);
void read_value(const Node& node, Labels& out, Errors& errors);
/// Alertmanager's matchers, one or more per item.
void read_value(const Node& node, Matchers& out, Errors& errors);
/// Keys of any form: HTTP headers, annotations.
void read_value(const Node& node, std::map<std::string, std::string>& out, Errors& errors);
void read_value(const Node& node, std::map<std::string, Secret>& out, Errors& errors);
/// Any sub-tree, kept for its owner to read.
void read_value(const Node& node, Node& out, Errors& errors);

template <class T>
    requires(!std::same_as<T, Regexp>)
void read_value(const Node& node, std::optional<T>& out, Errors& errors) {
    T value{};
    const std::size_t before = errors.size();
    read_value(node, value, errors);
    if (errors.size() == before) out = std::move(value);
}

template <class T>
    requires(!std::same_as<T, Regexp>)
void read_value(const Node& node, std::vector<T>& out, Errors& errors) {
    if (!node.is_sequence()) {
        errors.push_back(node.error("expected a list, got " + std::string(node.kind_name())));
        return;
    }
    out.clear();
    for (const Node& item : node.items) {
        T value{};
        const std::size_t before = errors.size();
        read_value(item, value, errors);
        if (errors.size() == before) out.push_back(std::move(value));
    }
}

// The words for the reference, by the member's type.
template <class T>
struct TypeName;
template <>
struct TypeName<bool> {
    static constexpr std::string_view value = "true or false";
};
template <>
struct TypeName<int> {
    static constexpr std::string_view value = "integer";
};
template <>
struct TypeName<std::uint64_t> {
    static constexpr std::string_view value = "integer";
};
template <>
struct TypeName<double> {
    static constexpr std::string_view value = "number";
};
template <>
struct TypeName<std::string> {
    static constexpr std::string_view value = "text";
};
template <>
struct TypeName<Secret> {
    static constexpr std::string_view value = "secret text";
};
template <>
struct TypeName<Duration> {
    static constexpr std::string_view value = "duration";
};
template <>
struct TypeName<Bytes> {
    static constexpr std::string_view value = "size";
};
template <>
struct TypeName<Regexp> {
    static constexpr std::string_view value = "regular expression";
};
template <>
struct TypeName<Labels> {
    static constexpr std::string_view value = "map of labels";
};
template <>
struct TypeName<std::map<std::string, std::string>> {
    static constexpr std::string_view value = "map of texts";
};
template <>
struct TypeName<std::map<std::string, Secret>> {
    static constexpr std::string_view value = "map of secret texts";
};
template <>
struct TypeName<Node> {
    static constexpr std::string_view value = "section";
};
template <>
struct TypeName<std::vector<std::string>> {
    static constexpr std::string_view value = "list of texts";
};
template <>
struct TypeName<std::vector<int>> {
    static constexpr std::string_view value = "list of integers";
};
template <>
struct TypeName<std::vector<Regexp>> {
    static constexpr std::string_view value = "list of regular expressions";
};
template <>
struct TypeName<std::vector<Node>> {
    static constexpr std::string_view value = "list of sections";
};
template <>
struct TypeName<Matchers> {
    static constexpr std::string_view value = "list of matchers";
};
template <class T>
struct TypeName<std::optional<T>> : TypeName<T> {};

/// One row of a section's table.
template <class Section>
struct Option : OptionDoc {
    void (*read)(const Node&, Section&, Errors&);
};

template <class>
struct MemberOf;
template <class Section, class T>
struct MemberOf<T Section::*> {
    using section = Section;
    using type = T;
};

/// A row for a data member: `option<&HttpOptions::method>("method", "GET", "the request method")`.
/// `Section` is to be given where the member is one of a base.
template <auto Member, class Section = typename MemberOf<decltype(Member)>::section>
constexpr Option<Section> option(std::string_view key, std::string_view default_text,
                                 std::string_view description) {
    using T = typename MemberOf<decltype(Member)>::type;
    Option<Section> row;
    row.key = key;
    row.type = TypeName<T>::value;
    row.default_text = default_text;
    row.description = description;
    row.read = [](const Node& node, Section& section, Errors& errors) {
        read_value(node, section.*Member, errors);
    };
    return row;
}

/// A row for what no read_value() reads: one of several words, a range. `type` says what it takes.
template <class Section>
constexpr Option<Section> option_read_by(void (*read)(const Node&, Section&, Errors&),
                                         std::string_view key, std::string_view type,
                                         std::string_view default_text,
                                         std::string_view description) {
    Option<Section> row;
    row.key = key;
    row.type = type;
    row.default_text = default_text;
    row.description = description;
    row.read = read;
    return row;
}

/// `expected WHAT, got ...` at the node's place.
void expected_value(const Node& node, std::string_view what, Errors& errors);

/// Refuses a `node` that is no mapping and keys that are not in `known`.
void check_keys(const Node& node, const std::vector<std::string_view>& known, Errors& errors);
void missing_key(const Node& node, std::string_view key, Errors& errors);

/// Reads the keys of a mapping that the table has, and appends wrong types and missing required
/// keys to `errors`; other keys are not looked at.
template <class Section, std::size_t N>
void read_rows(const Node& node, const Option<Section> (&table)[N], Section& section,
               Errors& errors) {
    for (const auto& row : table) {
        const Node* value = node.find(row.key);
        if (value != nullptr && !value->is_null()) {
            row.read(*value, section, errors);
        } else if (row.default_text == "required") {
            missing_key(node, row.key, errors);
        }
    }
}

/// Reads a mapping into `section` by its table. Unknown keys, wrong types and missing required
/// keys are appended to `errors`, all of them; null reads as an empty mapping. `other_keys` are
/// known too, and left to the caller.
template <class Section, std::size_t N>
void read_options(const Node& node, const Option<Section> (&table)[N], Section& section,
                  Errors& errors, std::span<const std::string_view> other_keys = {}) {
    std::vector<std::string_view> known;
    for (const auto& row : table)
        known.push_back(row.key);
    known.insert(known.end(), other_keys.begin(), other_keys.end());
    check_keys(node, known, errors);
    if (node.is_null() || node.is_mapping()) read_rows(node, table, section, errors);
}

/// The rows of a table without what reads them, for the reference.
template <class Section, std::size_t N>
std::vector<OptionDoc> docs_of(const Option<Section> (&table)[N]) {
    return {std::begin(table), std::end(table)};
}

}  // namespace pilotlight::config
