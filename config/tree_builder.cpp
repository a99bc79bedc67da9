#include "config/tree_builder.h"

#include <fmt/format.h>

#include <algorithm>

namespace pilotlight::config {
namespace {

constexpr std::size_t kNodesMax = 1'000'000;
constexpr int kDepthMax = 100;
/// Bytes of all scalars.
constexpr std::size_t kScalarBytesMax = 40U << 20;

[[noreturn]] void refuse(std::string message, const Location& where) {
    throw TreeBuilder::Stop{Error(std::move(message), where)};
}

[[noreturn]] void refuse_key(const Location& where) {
    refuse("expected a text as a key, got a list, a mapping or nothing", where);
}

void check_merged(const Node& source) {
    if (source.is_mapping()) return;
    refuse(fmt::format("expected a mapping or a list of mappings to merge with <<, got {}",
                       source.kind_name()),
           source.where);
}

}  // namespace

void TreeBuilder::add(Node node, bool plain, Anchor anchor) {
    const Cost cost{.nodes = 1, .bytes = node.scalar.size()};
    spend(cost, node.where);
    remember(anchor, node, cost);
    put(std::move(node), plain);
}

void TreeBuilder::add_alias(Anchor anchor, const Location& where) {
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end()) refuse("an alias inside what it stands for", where);
    const auto& [node, cost] = found->second;
    check_depth(cost.height, where);
    spend(cost, where);
    raise(cost.height);
    put(node, false);
}

void TreeBuilder::open(Node::Kind kind, const Location& where, Anchor anchor) {
    Frame frame;
    frame.node.kind = kind;
    frame.node.where = where;
    frame.anchor = anchor;
    frame.before = spent_;
    check_depth(1, where);
    spend({.nodes = 1}, where);
    if (expects_key()) refuse_key(where);
    frames_.push_back(std::move(frame));
}

void TreeBuilder::close() {
    merge(frames_.back());
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    const int height = frame.height + 1;
    remember(frame.anchor, frame.node,
             {.nodes = spent_.nodes - frame.before.nodes,
              .bytes = spent_.bytes - frame.before.bytes,
              .height = height});
    raise(height);
    put(std::move(frame.node), false);
}

/// Notes how deep the list or mapping that is open goes below itself.
void TreeBuilder::raise(int height) {
    if (!frames_.empty()) frames_.back().height = std::max(frames_.back().height, height);
}

/// Hands a finished node to what holds it: as an item, a key or a key's value.
void TreeBuilder::put(Node node, bool plain) {
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
        auto& entries = frame.node.entries;
        if (entries.empty()) entries.reserve(4);
        entries.push_back(std::move(*frame.pending));
        frame.pending.reset();
    }
}

void TreeBuilder::begin_entry(Frame& frame, Node key, bool plain) {
    if (!key.is_scalar()) refuse_key(key.where);
    const bool is_merge = plain && key.scalar == "<<";
    const bool again = is_merge ? !frame.merges.empty() : !is_new_key(frame, key.scalar);
    if (again) {
        refuse(fmt::format("the key \"{}\" is given twice", key.scalar), key.where);
    }
    frame.pending_is_merge = is_merge;
    frame.pending.emplace();
    frame.pending->key = std::move(key.scalar);
    frame.pending->key_where = std::move(key.where);
}

/// Most mappings have a handful of keys: looking at each is quicker than a set.
bool TreeBuilder::is_new_key(Frame& frame, const std::string& key) {
    constexpr std::size_t kLookMax = 16;
    const auto& entries = frame.node.entries;
    if (entries.size() < kLookMax) {
        return std::ranges::find(entries, key, &Node::Entry::key) == entries.end();
    }
    if (frame.keys.empty()) {
        for (const Node::Entry& entry : entries)
            frame.keys.insert(entry.key);
    }
    return frame.keys.insert(key).second;
}

/// Carries out `<<`: the mapping's own keys win, then the earlier source, as in Go's library.
void TreeBuilder::merge(Frame& frame) {
    const auto merge_from = [&frame](Node& source) {
        check_merged(source);
        for (Node::Entry& entry : source.entries) {
            if (is_new_key(frame, entry.key)) {
                frame.node.entries.push_back(std::move(entry));
            }
        }
    };
    for (Node& source : frame.merges) {
        if (!source.is_sequence()) {
            merge_from(source);
            continue;
        }
        for (Node& item : source.items)
            merge_from(item);
    }
}

bool TreeBuilder::expects_key() const {
    return !frames_.empty() && frames_.back().node.is_mapping() && !frames_.back().pending;
}

void TreeBuilder::remember(Anchor anchor, const Node& node, const Cost& cost) {
    if (anchor == 0) return;
    spend(cost, node.where);
    anchored_.insert_or_assign(anchor, std::pair(node, cost));
}

void TreeBuilder::spend(const Cost& cost, const Location& where) {
    spent_.nodes += cost.nodes;
    spent_.bytes += cost.bytes;
    if (spent_.nodes <= kNodesMax && spent_.bytes <= kScalarBytesMax) return;
    refuse(fmt::format("too large: more than {} values or {} MiB of text, aliases counted at each "
                       "use",
                       kNodesMax, kScalarBytesMax >> 20),
           where);
}

void TreeBuilder::check_depth(int levels, const Location& where) const {
    if (static_cast<int>(frames_.size()) + levels <= kDepthMax) return;
    refuse(fmt::format("nested more than {} levels deep", kDepthMax), where);
}

}  // namespace pilotlight::config
