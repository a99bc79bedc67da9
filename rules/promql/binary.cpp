#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "core/check.h"
#include "rules/promql/evaluator.h"
#include "rules/promql/label_sets.h"
#include "rules/promql/printer.h"

// Operators. Matching and its errors follow Prometheus's promql/engine (VectorBinop).
namespace pilotlight::promql {
namespace {

struct Outcome {
    double value = 0;
    /// False where a comparison does not hold.
    bool keep = true;
};

Outcome apply(BinaryOp op, double left, double right) {
    switch (op) {
        case BinaryOp::add:
            return {left + right};
        case BinaryOp::sub:
            return {left - right};
        case BinaryOp::mul:
            return {left * right};
        case BinaryOp::div:
            return {left / right};
        case BinaryOp::mod:
            return {std::fmod(left, right)};
        case BinaryOp::pow:
            return {std::pow(left, right)};
        case BinaryOp::atan2:
            return {std::atan2(left, right)};
        case BinaryOp::eql:
            return {left, left == right};
        case BinaryOp::neq:
            return {left, left != right};
        case BinaryOp::gtr:
            return {left, left > right};
        case BinaryOp::lss:
            return {left, left < right};
        case BinaryOp::gte:
            return {left, left >= right};
        case BinaryOp::lte:
            return {left, left <= right};
        case BinaryOp::land:
        case BinaryOp::lor:
        case BinaryOp::lunless:
            break;
    }
    PILOT_CHECK(false);
}

/// The fingerprint of the labels by which the two sides are matched.
class Signatures {
  public:
    explicit Signatures(const VectorMatching& matching)
        : on_(matching.on), labels_(matching.labels) {}

    [[nodiscard]] std::uint64_t of(const Labels& labels) const {
        return on_ ? hash_of_kept(labels, labels_) : hash_of_rest(labels, labels_);
    }
    [[nodiscard]] Labels shown(const Labels& labels) const {
        return on_ ? keep_labels(labels, labels_) : drop_labels(labels, labels_, true);
    }

  private:
    bool on_;
    std::span<const std::string> labels_;
};

Items set_operation(BinaryOp op, const VectorMatching& matching, Items left, Items right) {
    const Signatures signatures(matching);
    std::unordered_set<std::uint64_t> known;
    if (op == BinaryOp::lor) {
        for (const Item& item : left)
            known.insert(signatures.of(item.labels));
        for (Item& item : right) {
            if (!known.contains(signatures.of(item.labels))) left.push_back(std::move(item));
        }
        return left;
    }
    for (const Item& item : right)
        known.insert(signatures.of(item.labels));
    std::erase_if(left, [&](const Item& item) {
        return known.contains(signatures.of(item.labels)) == (op == BinaryOp::lunless);
    });
    return left;
}

/// Whether the result is no longer what the metric's name says. Prometheus 2 forgot atan2.
bool changes_meaning(const Evaluator& evaluator, const Binary& binary) {
    if (binary.return_bool) return true;
    if (binary.op == BinaryOp::atan2 && !evaluator.is_3()) return false;
    return !is_comparison(binary.op);
}

Items with_scalar(Evaluator& evaluator, const Binary& binary, Items items, double scalar,
                  bool scalar_is_left) {
    const bool comparison = is_comparison(binary.op);
    const bool renames = changes_meaning(evaluator, binary);
    std::erase_if(items, [&](Item& item) {
        const Outcome outcome = scalar_is_left ? apply(binary.op, scalar, item.value)
                                               : apply(binary.op, item.value, scalar);
        if (binary.return_bool) {
            item.value = outcome.keep ? 1 : 0;
        } else if (!outcome.keep) {
            return true;
        } else if (!comparison) {
            // A comparison keeps the vector's value, on whichever side it stands.
            item.value = outcome.value;
        }
        return false;
    });
    if (renames) {
        for (Item& item : items)
            evaluator.drop_name(item);
        evaluator.check_unique_in_2(items);
    }
    return items;
}

/// One run of an operator between two vectors, one sample on one side for each on the other.
class VectorJoin {
  public:
    VectorJoin(Evaluator& evaluator, const Binary& binary)
        : evaluator_(evaluator),
          binary_(binary),
          matching_(*binary.matching),
          signatures_(matching_),
          swapped_(matching_.cardinality == MatchCardinality::one_to_many) {}

    /// `many` is the left side unless the cardinality is one-to-many.
    Items run(const Items& many, const Items& one) {
        // Nothing can match: what is wrong with one side alone is not said.
        const bool fills = matching_.fill_left || matching_.fill_right;
        if ((many.empty() || one.empty()) && !fills) return {};
        for (const Item& item : one)
            add_one(item);
        for (const Item& item : many) {
            if (evaluator_.failed()) return {};
            join_many(item);
        }
        if (matching_.fill_left) fill_many(one, *matching_.fill_left);
        return std::move(out_);
    }

  private:
    void add_one(const Item& item) {
        const auto [known, is_new] = ones_.try_emplace(signatures_.of(item.labels), One{&item});
        if (is_new) return;
        evaluator_.fail(
            "found duplicate series for the match group " +
            describe(signatures_.shown(item.labels)) + " on the " + (swapped_ ? "left" : "right") +
            " hand-side of the operation: [" + describe(item.labels) + ", " +
            describe(known->second.item->labels) +
            "];many-to-many matching not allowed: matching labels must be unique on one side");
    }

    void join_many(const Item& item) {
        const std::uint64_t signature = signatures_.of(item.labels);
        const auto found = ones_.find(signature);
        if (found != ones_.end()) {
            found->second.joined = true;
            return emit(signature, item, *found->second.item);
        }
        // Prometheus names the sides after it has put the "many" side left.
        if (!matching_.fill_right) return;
        const Item stand_in{signatures_.shown(item.labels), *matching_.fill_right};
        emit(signature, item, stand_in);
    }

    void fill_many(const Items& one, double value) {
        for (const Item& item : one) {
            const std::uint64_t signature = signatures_.of(item.labels);
            if (ones_.at(signature).joined) continue;
            const Item stand_in{signatures_.shown(item.labels), value};
            emit(signature, stand_in, item);
        }
    }

    void emit(std::uint64_t signature, const Item& many, const Item& one) {
        const Outcome outcome = swapped_ ? apply(binary_.op, one.value, many.value)
                                         : apply(binary_.op, many.value, one.value);
        const bool left_out = !outcome.keep && !binary_.return_bool;
        // Prometheus 3 finds double matches among those that a comparison leaves out, too.
        if (left_out && !evaluator_.is_3()) return;
        Item made{result_labels(many, one.labels),
                  binary_.return_bool ? (outcome.keep ? 1.0 : 0.0) : outcome.value,
                  many.drop_name && !drops_name_now(), nullptr};
        if (binary_.return_bool) evaluator_.drop_name(made);
        if (!is_first(signature, made) || left_out) return;
        out_.push_back(std::move(made));
    }

    /// Arithmetic between vectors takes the name at once, before included labels are set.
    [[nodiscard]] bool drops_name_now() const {
        return changes_meaning(evaluator_, binary_) && !binary_.return_bool;
    }

    bool is_first(std::uint64_t signature, const Item& made) {
        const bool one_to_one = matching_.cardinality == MatchCardinality::one_to_one;
        const std::uint64_t key = one_to_one ? signature : signature ^ made.labels.hash() * 31;
        if (seen_.insert(key).second) return true;
        evaluator_.fail(one_to_one
                            ? "multiple matches for labels: many-to-one matching must be explicit "
                              "(group_left/group_right)"
                            : "multiple matches for labels: grouping labels must ensure unique "
                              "matches");
        return false;
    }

    [[nodiscard]] Labels result_labels(const Item& many_side, const Labels& one) const {
        const Labels many =
            drops_name_now() ? without_name(many_side, evaluator_.is_3()) : many_side.labels;
        if (matching_.cardinality == MatchCardinality::one_to_one) {
            return matching_.on ? keep_labels(many, matching_.labels)
                                : drop_labels(many, matching_.labels, false);
        }
        if (matching_.include.empty()) return many;
        LabelsBuilder builder(many);
        for (const std::string& name : matching_.include)
            builder.set(name, one.get(name));
        return builder.build();
    }

    struct One {
        const Item* item = nullptr;
        bool joined = false;
    };

    Evaluator& evaluator_;
    const Binary& binary_;
    const VectorMatching& matching_;
    Signatures signatures_;
    /// Whether the "many" side is the right one.
    bool swapped_;
    std::unordered_map<std::uint64_t, One> ones_;
    std::unordered_set<std::uint64_t> seen_;
    Items out_;
};

}  // namespace

double evaluate_scalars(const Binary& binary, double left, double right) {
    const Outcome outcome = apply(binary.op, left, right);
    if (is_comparison(binary.op)) return outcome.keep ? 1 : 0;
    return outcome.value;
}

Items evaluate_binary(Evaluator& evaluator, const Binary& binary, WallTime at) {
    if (binary.left->type == ValueType::scalar) {
        const double scalar = evaluator.scalar(*binary.left, at);
        return with_scalar(evaluator, binary, evaluator.vector(*binary.right, at), scalar, true);
    }
    Items left = evaluator.vector(*binary.left, at);
    if (binary.right->type == ValueType::scalar) {
        const double scalar = evaluator.scalar(*binary.right, at);
        return with_scalar(evaluator, binary, std::move(left), scalar, false);
    }
    Items right = evaluator.vector(*binary.right, at);
    if (evaluator.failed()) return {};
    Items items;
    if (is_set_operator(binary.op)) {
        items = set_operation(binary.op, *binary.matching, std::move(left), std::move(right));
    } else if (binary.matching->cardinality == MatchCardinality::one_to_many) {
        items = VectorJoin(evaluator, binary).run(right, left);
    } else {
        items = VectorJoin(evaluator, binary).run(left, right);
    }
    if (!evaluator.failed()) evaluator.check_unique_in_2(items);
    return items;
}

}  // namespace pilotlight::promql
