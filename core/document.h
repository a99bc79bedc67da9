#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"

namespace pilotlight {

/// A value of a file that a user wrote (YAML or JSON), with the place where it stands. Whoever
/// reads rule files, routes or options reads this tree; only config/yaml.cpp knows YAML.
class Node {
  public:
    enum class Kind { null, scalar, sequence, mapping };
    struct Entry;

    Kind kind = Kind::null;
    /// The text of a scalar, unquoted.
    std::string scalar;
    /// Whether the scalar stood in quotes: "5" is a text, 5 may be a number.
    bool quoted = false;
    /// The items of a sequence.
    std::vector<Node> items;
    /// The entries of a mapping, in the file's order, keys unique.
    std::vector<Entry> entries;
    Location where;
    /// Whether the scalar is a block (`|`, `>`), whose text begins on the line after `where`.
    bool block = false;
    /// Whether a part of the scalar came from the environment: then no message may show it.
    bool from_environment = false;

    [[nodiscard]] bool is_null() const { return kind == Kind::null; }
    [[nodiscard]] bool is_scalar() const { return kind == Kind::scalar; }
    [[nodiscard]] bool is_sequence() const { return kind == Kind::sequence; }
    [[nodiscard]] bool is_mapping() const { return kind == Kind::mapping; }
    /// "a mapping", "a list", ...: for messages.
    [[nodiscard]] std::string_view kind_name() const;

    /// What stands here, for messages: `"text"`, cut short where long; the kind's name for others,
    /// and never what came from the environment.
    [[nodiscard]] std::string shown() const;

    /// The value under `key` of a mapping; null where it is absent or this is no mapping.
    [[nodiscard]] const Node* find(std::string_view key) const;

    /// An Error at this node's place.
    [[nodiscard]] Error error(std::string message) const {
        return Error(std::move(message), where);
    }
};

struct Node::Entry {
    std::string key;
    Location key_where;
    Node value;
};

/// The known key nearest to `key` by edit distance, or "" when none is near enough to be meant.
[[nodiscard]] std::string_view nearest_key(std::string_view key,
                                           const std::vector<std::string_view>& known);

/// `unknown key "ruel_files", did you mean "rule_files"?`, or without the question the known keys.
[[nodiscard]] std::string unknown_key_message(std::string_view key,
                                              const std::vector<std::string_view>& known);

}  // namespace pilotlight
