#include "tests/rules/world.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "config/yaml.h"
#include "rules/promql/series_notation.h"

namespace pilotlight::rules {

RuleFile rules_from(std::string_view text, const std::string& file) {
    const auto root = config::parse_yaml(text, file);
    BOOST_REQUIRE_MESSAGE(root, (root ? "" : root.error().to_string()));
    auto rules = read_rule_file(*root);
    BOOST_REQUIRE_MESSAGE(rules, (rules ? "" : rules.error().front().to_string()));
    return std::move(*rules);
}

Labels labels_of(std::string_view series) {
    const auto labels = promql::parse_series(series);
    BOOST_REQUIRE_MESSAGE(labels, series);
    return *labels;
}

WallTime at(double seconds) {
    constexpr std::int64_t kStart = 1'700'006'460'000;
    return WallTime(Duration(kStart + static_cast<std::int64_t>(seconds * 1000)));
}

World::World(std::string_view rules, EngineOptions options)
    : store({.series_limit = 1000, .retention = {}}),
      engine(store, with_targets(options)),
      options_(std::move(options)) {
    engine.replace({rules_from(rules)}, at(0));
    store.set_retention(engine.retention());
    tick(0);
}

EngineOptions World::with_targets(EngineOptions options) {
    options.is_configured = [this](std::string_view name) { return targets.contains(name); };
    return options;
}

Evaluation World::note(Evaluation evaluation) {
    for (const auto& record : evaluation.records) {
        if (record.is_spent())
            journal.erase(record.key());
        else
            journal[record.key()] = record;
    }
    return evaluation;
}

Evaluation World::arrive(double seconds, const std::map<std::string, double>& samples) {
    std::vector<std::string> names;
    for (const auto& [series, value] : samples) {
        const Labels labels = labels_of(series);
        store.append(labels, at(seconds), value);
        names.emplace_back(labels.metric_name());
    }
    const std::vector<std::string_view> views(names.begin(), names.end());
    return note(engine.on_arrival(views, at(seconds)));
}

Evaluation World::tick(double seconds) {
    return note(engine.on_tick(at(seconds)));
}

std::vector<Alert> World::run_until(double seconds) {
    std::vector<Alert> changed;
    for (int guard = 0; guard < 100'000; ++guard) {
        const auto next = engine.next_wakeup();
        if (!next || *next > at(seconds)) return changed;
        const Evaluation evaluation = note(engine.on_tick(*next));
        changed.insert(changed.end(), evaluation.changed.begin(), evaluation.changed.end());
    }
    BOOST_FAIL("the engine wants to be woken without end");
    return changed;
}

Evaluation World::reload(double seconds, std::string_view rules) {
    return note(engine.replace({rules_from(rules)}, at(seconds)));
}

void World::crash(double seconds, std::string_view rules) {
    store.clear();
    engine = Engine(store, with_targets(options_));
    engine.replace({rules_from(rules)}, at(seconds));
    std::vector<AlertRecord> records;
    for (const auto& [key, record] : journal)
        records.push_back(record);
    note(engine.restore(records, at(seconds)));
    tick(seconds);
}

std::string World::alerts() const {
    return shown(engine.alerts());
}

std::string shown(const std::vector<Alert>& alerts) {
    std::vector<std::string> lines;
    for (const auto& alert : alerts) {
        LabelsBuilder rest(alert.labels);
        rest.remove(kAlertName);
        lines.push_back(std::string(alert.labels.get(kAlertName)) + rest.build().to_string() + '=' +
                        std::string(to_string(alert.state)));
    }
    std::ranges::sort(lines);
    std::string out;
    for (const auto& line : lines)
        out += (out.empty() ? "" : "; ") + line;
    return out;
}

}  // namespace pilotlight::rules
