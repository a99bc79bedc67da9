#include "rules/rule_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/labels.h"
#include "core/template/functions.h"
#include "core/template/utf8.h"
#include "rules/place.h"
#include "rules/promql/parser.h"
#include "rules/yaml_float.h"

namespace pilotlight::rules {

namespace {

using Keys = std::vector<std::string_view>;

const Keys kFileKeys = {"groups"};
const Keys kGroupKeys = {"name", "interval", "query_offset", "limit", "labels", "rules"};
const Keys kRuleKeys = {"record",          "alert",  "expr",       "for",
                        "keep_firing_for", "labels", "annotations"};

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const tmpl::Rune rune = tmpl::decode_rune(text.substr(at));
        if (!rune.valid) return false;
        at += rune.bytes;
    }
    return true;
}

class Reader {
  public:
    explicit Reader(const ReadOptions& options) : options_(options) {}

    Checked<RuleFile> read(const Node& root) {
        RuleFile file;
        file.file = root.where.file.str();
        if (is_mapping(root, "the file")) {
            check_keys(root, kFileKeys);
            if (const Node* groups = list(root, "groups")) {
                for (const auto& group : groups->items)
                    read_group(group, file);
            }
        }
        subject_ = {};
        if (rules_read_ > options_.rules_max) {
            add(root.where, fmt::format("more than {} rules", options_.rules_max));
        }
        if (!errors_.empty()) return std::unexpected(std::move(errors_));
        return file;
    }

  private:
    // Shapes.

    /// Where in the file's groups the reader is.
    struct Subject {
        bool in_group = false;
        std::string_view group{};
        /// From 1; 0 for the group itself.
        int rule = 0;
        std::string_view name{};

        [[nodiscard]] std::string prefix() const {
            if (!in_group) return {};
            if (rule == 0) return fmt::format("group {}: ", tmpl::quote(group));
            return fmt::format("group {}, rule {}, {}: ", tmpl::quote(group), rule,
                               tmpl::quote(name));
        }
    };

    void add(const Location& where, std::string message) {
        errors_.emplace_back(subject_.prefix() + std::move(message), where);
    }

    /// A null stands for what is empty, as in Prometheus.
    bool is_mapping(const Node& node, std::string_view what) {
        if (node.is_mapping()) return true;
        if (!node.is_null()) {
            add(node.where, fmt::format("{} must be a mapping, not {}", what, node.kind_name()));
        }
        return false;
    }

    void check_keys(const Node& node, const Keys& known) {
        if (options_.ignore_unknown_keys) return;
        for (const auto& entry : node.entries) {
            if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
                add(entry.key_where, unknown_key_message(entry.key, known));
            }
        }
    }

    const Node* list(const Node& node, std::string_view key) {
        const Node* value = node.find(key);
        if (value == nullptr || value->is_null()) return nullptr;
        if (value->is_sequence()) return value;
        add(value->where, fmt::format("\"{}\" must be a list, not {}", key, value->kind_name()));
        return nullptr;
    }

    const Node* scalar(const Node& node, std::string_view key) {
        const Node* value = node.find(key);
        if (value == nullptr || value->is_null()) return nullptr;
        if (value->is_scalar()) return value;
        add(value->where, fmt::format("\"{}\" must be a text, not {}", key, value->kind_name()));
        return nullptr;
    }

    std::string text(const Node& node, std::string_view key) {
        const Node* value = scalar(node, key);
        return value == nullptr ? std::string() : value->scalar;
    }

    std::optional<Duration> duration(const Node& node, std::string_view key) {
        const Node* value = scalar(node, key);
        if (value == nullptr) return std::nullopt;
        const auto parsed = parse_duration(value->scalar);
        if (parsed) return *parsed;
        add(value->where, fmt::format("\"{}\": {}", key, parsed.error().message));
        return std::nullopt;
    }

    /// A number as YAML knows them; what is no whole one is cut off.
    std::uint64_t limit(const Node& node) {
        const Node* value = scalar(node, "limit");
        if (value == nullptr) return 0;
        constexpr double kBound = 9223372036854775808.0;
        const auto number = value->quoted ? std::nullopt : read_yaml_float(value->scalar);
        if (!number || !(std::abs(*number) < kBound)) {
            add(value->where, fmt::format("\"limit\" must be a number, not {}", value->shown()));
            return 0;
        }
        return static_cast<std::uint64_t>(std::max(*number, 0.0));
    }

    // Groups.

    void read_group(const Node& node, RuleFile& file) {
        // Of a list, Prometheus leaves out what is nothing.
        if (node.is_null()) return;
        subject_ = {};
        RuleGroup group;
        group.file = file.file;
        group.where = node.where;
        if (!is_mapping(node, "a group")) return;
        group.name = text(node, "name");
        if (group.name.empty()) add(node.where, "Groupname must not be empty");
        subject_ = {.in_group = true, .group = group.name};
        if (!names_.insert(group.name).second) {
            errors_.emplace_back(
                fmt::format("groupname: \"{}\" is repeated in the same file", group.name),
                node.where);
        }
        check_keys(node, kGroupKeys);
        group.interval = duration(node, "interval");
        if (group.interval == Duration{0}) group.interval.reset();
        group.query_offset = duration(node, "query_offset").value_or(Duration{0});
        group.limit = limit(node);
        const auto labels = named_texts(node, "labels");
        check_label_names(labels);
        if (const Node* rules = list(node, "rules")) {
            int number = 0;
            for (const auto& rule : rules->items) {
                read_rule(rule, labels, ++number, group);
            }
        }
        file.groups.push_back(std::move(group));
    }

    // Rules.

    struct NamedText {
        const Node::Entry* entry;

        [[nodiscard]] const std::string& value() const { return entry->value.scalar; }
    };
    using NamedTexts = std::vector<NamedText>;

    NamedTexts named_texts(const Node& node, std::string_view key) {
        NamedTexts texts;
        const Node* value = node.find(key);
        if (value == nullptr) return texts;
        if (!value->is_mapping() && !is_mapping(*value, fmt::format("\"{}\"", key))) return texts;
        for (const auto& entry : value->entries) {
            if (!entry.value.is_scalar() && !entry.value.is_null()) {
                add(entry.value.where, fmt::format("\"{}\" must be a text, not {}", entry.key,
                                                   entry.value.kind_name()));
                continue;
            }
            texts.push_back({&entry});
        }
        return texts;
    }

    bool is_label_name(std::string_view name) const {
        return options_.utf8_names ? !name.empty() && is_utf8(name) : is_legacy_label_name(name);
    }
    bool is_metric_name(std::string_view name) const {
        return options_.utf8_names ? !name.empty() && is_utf8(name) : is_legacy_metric_name(name);
    }

    void check_label_names(const NamedTexts& labels) {
        for (const auto& label : labels) {
            const std::string& name = label.entry->key;
            if (!is_label_name(name) || name == kMetricName) {
                add(label.entry->key_where, fmt::format("invalid label name: {}", name));
            }
            if (!is_utf8(label.value())) {
                add(label.entry->value.where,
                    fmt::format("invalid label value: {}", tmpl::quote(label.value())));
            }
        }
    }

    void read_rule(const Node& node, const NamedTexts& group_labels, int number, RuleGroup& group) {
        if (node.is_null()) return;
        ++rules_read_;
        subject_ = {.in_group = true, .group = group.name, .rule = number};
        if (!is_mapping(node, "a rule")) return;
        Rule rule;
        rule.where = node.where;
        const Node* record = scalar(node, "record");
        const Node* alert = scalar(node, "alert");
        const bool records = record != nullptr && !record->scalar.empty();
        const bool alerts = alert != nullptr && !alert->scalar.empty();
        rule.kind = alerts ? Rule::Kind::alerting : Rule::Kind::recording;
        if (alerts)
            rule.name = alert->scalar;
        else if (records)
            rule.name = record->scalar;
        subject_.name = alerts ? alert->scalar : records ? record->scalar : std::string_view();
        check_keys(node, kRuleKeys);
        if (records && alerts) {
            add(record->where, "only one of 'record' and 'alert' must be set");
        }
        if (!records && !alerts) add(node.where, "one of 'record' or 'alert' must be set");
        read_expression(node, rule);
        rule.hold = duration(node, "for").value_or(Duration{0});
        rule.keep_firing_for = duration(node, "keep_firing_for").value_or(Duration{0});
        const auto labels = named_texts(node, "labels");
        const auto annotations = named_texts(node, "annotations");
        if (records) check_recording(rule, *record, !annotations.empty());
        check_label_names(labels);
        for (const auto& annotation : annotations) {
            if (!is_label_name(annotation.entry->key)) {
                add(annotation.entry->key_where,
                    fmt::format("invalid annotation name: {}", annotation.entry->key));
            }
        }
        read_texts("label", labels, rule, rule.labels);
        add_group_labels(group_labels, rule);
        read_texts("annotation", annotations, rule, rule.annotations);
        group.rules.push_back(std::move(rule));
    }

    void check_recording(const Rule& rule, const Node& record, bool annotated) {
        if (annotated) add(record.where, "invalid field 'annotations' in recording rule");
        if (rule.hold != Duration{0}) {
            add(record.where, "invalid field 'for' in recording rule");
        }
        if (rule.keep_firing_for != Duration{0}) {
            add(record.where, "invalid field 'keep_firing_for' in recording rule");
        }
        if (!is_metric_name(record.scalar)) {
            add(record.where, fmt::format("invalid recording rule name: {}", record.scalar));
        } else if (record.scalar.find_first_of("{}") != std::string::npos) {
            add(record.where,
                fmt::format("braces present in the recording rule name; should it be in expr?: {}",
                            record.scalar));
        }
    }

    /// Where the lines of a block scalar under `key` begin, if it is indented by two: YAML does not
    /// keep it.
    static int block_indent(const Node& node, std::string_view key) {
        for (const auto& entry : node.entries) {
            if (entry.key == key) return entry.key_where.column + 2;
        }
        return 1;
    }

    void read_expression(const Node& node, Rule& rule) {
        const Node* expr = scalar(node, "expr");
        if (expr == nullptr || expr->scalar.empty()) {
            const Node* empty = node.find("expr");
            if (expr == nullptr && empty != nullptr && !empty->is_null()) return;
            return add(empty == nullptr ? node.where : empty->where,
                       "field 'expr' must be set in rule");
        }
        rule.expression = expr->scalar;
        auto parsed = promql::parse(expr->scalar, {.compatibility = options_.compatibility});
        if (parsed) {
            rule.expr = std::move(*parsed);
            return;
        }
        add(place_inside(*expr, block_indent(node, "expr"), parsed.error().offset),
            fmt::format("could not parse expression: {}",
                        promql::describe(parsed.error(), expr->scalar)));
    }

    void read_texts(std::string_view what, const NamedTexts& texts, const Rule& rule,
                    std::vector<Text>& into) {
        for (const auto& text : texts) {
            if (!rule.is_alerting()) {
                into.push_back(plain_text(text.entry->key, text.value()));
                continue;
            }
            auto parsed = texts_.parse(text.entry->key, text.value(), rule.name);
            if (parsed) {
                into.push_back(std::move(*parsed));
                continue;
            }
            const Location in_text = parsed.error().where;
            add(place_inside(text.entry->value, text.entry->key_where.column + 2,
                             byte_at(text.value(), in_text)),
                fmt::format("{} {}: {}", what, tmpl::quote(text.entry->key),
                            parsed.error().message));
        }
    }

    static std::size_t byte_at(std::string_view text, const Location& place) {
        std::size_t at = 0;
        for (int line = 1; line < place.line; ++line) {
            const std::size_t newline = text.find('\n', at);
            if (newline == text.npos) break;
            at = newline + 1;
        }
        return std::min(text.size(), at + static_cast<std::size_t>(std::max(place.column, 1) - 1));
    }

    void add_group_labels(const NamedTexts& labels, Rule& rule) {
        for (const auto& label : labels) {
            const bool own =
                std::any_of(rule.labels.begin(), rule.labels.end(),
                            [&](const Text& mine) { return mine.name == label.entry->key; });
            if (!own) read_texts("label", {label}, rule, rule.labels);
        }
    }

    const ReadOptions& options_;
    Errors errors_;
    /// What is being read: in front of every message.
    Subject subject_;
    std::set<std::string> names_;
    TextParser texts_;
    std::size_t rules_read_ = 0;
};

}  // namespace

std::size_t RuleFile::rule_count() const {
    std::size_t count = 0;
    for (const auto& group : groups)
        count += group.rules.size();
    return count;
}

Checked<RuleFile> read_rule_file(const Node& root, const ReadOptions& options) {
    return Reader(options).read(root);
}

Errors lint(const RuleFile& file) {
    Errors found;
    std::set<std::string> seen;
    for (const auto& group : file.groups) {
        for (const auto& rule : group.rules) {
            LabelsBuilder labels;
            for (const auto& label : rule.labels)
                labels.set(label.name, label.source);
            const std::string shown = labels.build().to_string();
            if (seen.insert(rule.name + '\0' + shown).second) continue;
            found.emplace_back(
                fmt::format("duplicate rule: {} with labels {}: might cause inconsistency while "
                            "recording expressions",
                            rule.name, shown),
                rule.where);
        }
    }
    return found;
}

}  // namespace pilotlight::rules
