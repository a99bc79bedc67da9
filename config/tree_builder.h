#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/document.h"

namespace pilotlight::config {

/// Builds a Node tree from a parser's events, in the document's order, within the limits that
/// parse_yaml() promises. Every call but take() throws Stop where the document is to be refused.
class TreeBuilder {
  public:
    /// Leaves the parser that calls the builder, which may know no other way to be stopped.
    struct Stop {
        Error error;
    };
    /// What an alias refers to; 0 for none.
    using Anchor = std::size_t;

    /// A null or a scalar. `plain`: without quotes and no block, so that `<<` is a merge key.
    void add(Node node, bool plain, Anchor anchor);
    void add_alias(Anchor anchor, const Location& where);
    void open(Node::Kind kind, const Location& where, Anchor anchor);
    /// Closes the list or mapping that was opened last.
    void close();

    /// The tree; null before anything was added.
    [[nodiscard]] Node take() { return std::move(root_); }

  private:
    /// What a subtree costs: aliases count at each use, so that none can explode.
    struct Cost {
        std::size_t nodes = 0;
        std::size_t bytes = 0;
        int height = 0;
    };
    /// A list or mapping that is still open.
    struct Frame {
        Node node;
        Anchor anchor = 0;
        /// What had been spent before it was opened.
        Cost before;
        int height = 0;
        /// The key whose value comes next.
        std::optional<Node::Entry> pending;
        bool pending_is_merge = false;
        /// The keys so far, once they are too many to be looked through one by one.
        std::unordered_set<std::string> keys;
        std::vector<Node> merges;
    };

    void put(Node node, bool plain);
    void raise(int height);
    static void begin_entry(Frame& frame, Node key, bool plain);
    static bool is_new_key(Frame& frame, const std::string& key);
    static void merge(Frame& frame);
    [[nodiscard]] bool expects_key() const;
    void remember(Anchor anchor, const Node& node, const Cost& cost);
    void spend(const Cost& cost, const Location& where);
    void check_depth(int levels, const Location& where) const;

    Node root_;
    std::vector<Frame> frames_;
    std::map<Anchor, std::pair<Node, Cost>> anchored_;
    Cost spent_;
};

}  // namespace pilotlight::config
