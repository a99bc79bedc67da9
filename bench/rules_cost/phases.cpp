// Where a reload and an evaluation of many rules spend their time, without the daemon around them.
//
//     bench_rules_phases FILE [ROUNDS]
//     bench_rules_phases --alerts TARGETS [ROUNDS]
//
// The second: one rule that fires for every target, and news of one target at a time.
//
// FILE is what workload.py prints. Series are made as its exporter gives them, with a target label;
// times are CPU times.
#include <fmt/format.h>
#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "config/yaml.h"
#include "core/sample.h"
#include "rules/engine.h"
#include "rules/rule_file.h"
#include "series/store.h"

using namespace pilotlight;

namespace {

constexpr Duration kInterval = std::chrono::seconds(15);
constexpr WallTime kStart{std::chrono::hours(24 * 365 * 50)};

/// CPU milliseconds of this thread since the last call.
double lap() {
    static timespec last{};
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    const auto seconds = static_cast<double>(now.tv_sec - last.tv_sec);
    const auto nanoseconds = static_cast<double>(now.tv_nsec - last.tv_nsec);
    last = now;
    return seconds * 1e3 + nanoseconds / 1e6;
}

double heap_mb() {
    return static_cast<double>(mallinfo2().uordblks) / 1e6;
}

std::vector<rules::RuleFile> read_rules(const std::string& path) {
    lap();
    const auto node = config::load_yaml(path);
    if (!node) {
        std::cerr << node.error().to_string() << '\n';
        std::exit(1);
    }
    const double yaml = lap();
    auto file = rules::read_rule_file(*node);
    if (!file) {
        std::cerr << file.error().front().to_string() << '\n';
        std::exit(1);
    }
    std::cout << fmt::format("YAML {:5.1f} ms, rules {:5.1f} ms", yaml, lap());
    std::vector<rules::RuleFile> files;
    files.push_back(std::move(*file));
    return files;
}

std::vector<Labels> make_series(std::size_t count) {
    constexpr std::string_view kNames[] = {"bench_up", "bench_load", "bench_latency_seconds",
                                           "bench_errors_total", "bench_queue"};
    constexpr std::string_view kZones[] = {"eu-west", "eu-central", "us-east", "ap-south"};
    std::vector<Labels> series;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string id = std::to_string(i);
        series.push_back({{"__name__", kNames[i % 5]},
                          {"id", id},
                          {"zone", kZones[i % 4]},
                          {"job", "bench"},
                          {"target", "bench"},
                          {"prober", "scrape"},
                          {"instance", "127.0.0.1:9999"}});
    }
    return series;
}

SampleBatch batch_at(const std::vector<Labels>& series, WallTime at) {
    SampleBatch batch;
    batch.at = at;
    const auto seconds = static_cast<std::size_t>((at - kStart) / std::chrono::seconds(1));
    for (std::size_t i = 0; i < series.size(); ++i) {
        const auto wave = static_cast<double>((i * 7 + seconds) % 50);
        const double values[] = {i % 100 == 0 ? 0.0 : 1.0, wave, wave / 50,
                                 static_cast<double>(seconds * (i % 9)), wave * 10};
        batch.samples.push_back({series[i], values[i % 5]});
    }
    return batch;
}

std::vector<rules::RuleFile> one_rule() {
    const auto node = config::parse_yaml(
        "groups: [{name: g, interval: 1h, rules: [{alert: Down, expr: up == 0, "
        "keep_firing_for: 1m, annotations: {summary: '{{ $labels.target }} is down'}}]}]",
        "rules.yaml");
    auto file = rules::read_rule_file(*node);
    std::vector<rules::RuleFile> files;
    files.push_back(std::move(*file));
    return files;
}

SampleBatch news_of(std::size_t target, WallTime at) {
    SampleBatch batch;
    batch.at = at;
    const std::string name = fmt::format("target-{}", target);
    batch.samples.push_back(
        {Labels{{"__name__", "up"}, {"target", name}, {"prober", "http"}, {"instance", name}}, 0});
    return batch;
}

/// What the news of one target costs while one rule fires for all of them.
int run_alerts(std::size_t targets, std::size_t rounds) {
    series::Store store;
    rules::EngineOptions options;
    options.alerts_per_rule = 2 * targets;
    rules::Engine engine(store, options);
    engine.replace(one_rule(), kStart);
    store.set_retention(engine.retention());
    engine.on_tick(kStart);
    WallTime at = kStart;
    const auto bring = [&](std::size_t target) {
        at += Duration{2};
        const SampleBatch batch = news_of(target, at);
        store.append(batch, kInterval);
        return engine.on_arrival(batch, at).failed;
    };
    std::size_t failed = 0;
    lap();
    for (std::size_t i = 0; i < targets; ++i)
        failed += bring(i);
    const double begun = lap();
    for (std::size_t i = 0; i < rounds; ++i)
        failed += bring(i * 7919 % targets);
    const double news = lap();
    std::cout << fmt::format(
        "{} alerts fire, {} evaluations failed; {:.1f} us a sample while they began, {:.1f} us a "
        "sample afterwards\n",
        engine.alerts().size(), failed, begun * 1000 / static_cast<double>(targets),
        news * 1000 / static_cast<double>(rounds));
    return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "usage: bench_rules_phases FILE [ROUNDS]\n"
                     "       bench_rules_phases --alerts TARGETS [ROUNDS]\n";
        return 2;
    }
    if (argc > 2 && std::string_view(argv[1]) == "--alerts") {
        const auto targets = static_cast<std::size_t>(std::max(1, std::atoi(argv[2])));
        const auto rounds = static_cast<std::size_t>(argc > 3 ? std::atoi(argv[3]) : 2000);
        return run_alerts(targets, std::max<std::size_t>(rounds, 1));
    }
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 40;
    const auto series = make_series(10'000);
    series::Store store;
    rules::Engine engine(store, {});

    for (int i = 0; i < 5; ++i) {
        const double before = heap_mb();
        auto files = read_rules(argv[1]);
        lap();
        auto rules = rules::Engine::compile(std::move(files), {});
        const double compiled = lap();
        engine.exchange(*rules, kStart);
        const double exchanged = lap();
        store.set_retention(engine.retention());
        const double retained = lap();
        rules.reset();
        std::cout << fmt::format(
            ", compiled {:5.1f} ms, exchanged {:4.1f} ms, retention {:4.1f} ms, freed {:4.1f} ms",
            compiled, exchanged, retained, lap());
        std::cout << fmt::format("; heap {:+.1f} MB for {} rules\n", heap_mb() - before,
                                 engine.rule_count());
    }

    double store_ms = 0;
    double arrival_ms = 0;
    double tick_ms = 0;
    std::size_t arrivals = 0;
    std::size_t ticks = 0;
    for (int round = 0; round < rounds; ++round) {
        const WallTime at = kStart + round * kInterval;
        const SampleBatch batch = batch_at(series, at);
        lap();
        store.append(batch, kInterval);
        const double stored = lap();
        const auto arrived = engine.on_arrival(batch, at + Duration{1});
        const double evaluated = lap();
        const auto ticked = engine.on_tick(at + kInterval / 2);
        const double tick = lap();
        // Until ranges are full.
        if (round * 2 < rounds) continue;
        store_ms += stored;
        arrival_ms += evaluated;
        tick_ms += tick;
        arrivals += arrived.evaluated;
        ticks += ticked.evaluated;
    }
    std::cout << fmt::format(
        "append {:.2f} us a sample; evaluation {:.2f} us a rule on arrival ({} rules), {:.2f} us "
        "on "
        "a tick ({} rules); {} alerts\n",
        store_ms * 1000 / (static_cast<double>(series.size()) * (rounds / 2)),
        arrival_ms * 1000 / static_cast<double>(arrivals), arrivals,
        tick_ms * 1000 / static_cast<double>(ticks), ticks, engine.alerts().size());
    return 0;
}
