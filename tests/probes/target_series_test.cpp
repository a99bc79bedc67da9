#include "probes/target_series.h"

#include <boost/test/unit_test.hpp>

#include <chrono>

using namespace pilotlight;
using namespace pilotlight::probes;
using namespace std::chrono_literals;

namespace {

const WallTime kStart{1'700'000'000'000ms};

struct Fixture {
    std::shared_ptr<Target> target = std::make_shared<Target>();
    std::unique_ptr<TargetSeries> series;
    WallTime now = kStart;

    Fixture() {
        target->labels = Labels{{"target", "api"}, {"instance", "a:1"}, {"prober", "scrape"}};
        series = std::make_unique<TargetSeries>(target);
    }

    ProbeSamples make(std::vector<Measurement> measurements, Outcome outcome = Outcome::ok(),
                      bool honor_labels = false) {
        Report report{std::move(outcome), std::move(measurements), {}, honor_labels};
        now += 15s;
        return series->make(report, now, 250ms);
    }
};

/// One line a sample, the usual three left out; `stale` for the marker.
std::string shown(const SampleBatch& batch) {
    std::vector<std::string> lines;
    for (const Sample& sample : batch.samples) {
        const std::string_view name = sample.labels.metric_name();
        if (name == "probe_success" || name == "probe_duration_seconds") continue;
        lines.push_back(sample.labels.to_string() + " " +
                        (is_stale(sample.value) ? "stale" : format_value(sample.value)));
    }
    std::ranges::sort(lines);
    return fmt::format("{}", fmt::join(lines, "; "));
}

std::optional<double> value_of(const SampleBatch& batch, std::string_view name) {
    for (const Sample& sample : batch.samples) {
        if (sample.labels.metric_name() == name) return sample.value;
    }
    return std::nullopt;
}

constexpr const char* kOwn = R"(instance="a:1", prober="scrape", target="api")";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(target_series, Fixture)

BOOST_AUTO_TEST_CASE(every_sample_carries_the_targets_labels) {
    const ProbeSamples made = make({{"up", 1}, {"requests", 3, {{"code", "200"}}}});
    BOOST_CHECK(made.batch->at == kStart + 15s);
    BOOST_TEST(shown(*made.batch) ==
               fmt::format(R"(requests{{code="200", {0}}} 3; up{{{0}}} 1)", kOwn));
    BOOST_TEST(value_of(*made.batch, "probe_success").value() == 1.0);
    BOOST_TEST(value_of(*made.batch, "probe_duration_seconds").value() == 0.25);
    BOOST_TEST(made.timed.empty());
}

BOOST_AUTO_TEST_CASE(a_label_of_the_same_name_is_renamed) {
    const ProbeSamples made = make({{"a", 1, {{"instance", "theirs"}, {"prober", ""}}},
                                    {"b", 1, {{"target", "x"}, {"exported_target", "y"}}}});
    BOOST_TEST(shown(*made.batch) ==
               R"(a{exported_instance="theirs", instance="a:1", prober="scrape", target="api"} 1; )"
               R"(b{exported_exported_target="x", exported_target="y", instance="a:1", )"
               R"(prober="scrape", target="api"} 1)");
}

BOOST_AUTO_TEST_CASE(what_is_no_utf8_in_a_label_is_replaced) {
    const Measurement broken{"a", 1, {{"name", "caf\xe9"}, {"path", "/\xff/\xc3\xa9"}}};
    const std::string expected = fmt::format(
        "a{{instance=\"a:1\", name=\"caf\xef\xbf\xbd\", path=\"/\xef\xbf\xbd/"
        "\xc3\xa9\", prober=\"scrape\", target=\"api\"}} 1");
    BOOST_TEST(shown(*make({broken}).batch) == expected);
    // And is the same series the next time.
    BOOST_TEST(shown(*make({broken}).batch) == expected);
}

BOOST_AUTO_TEST_CASE(or_wins_where_labels_are_honored) {
    const ProbeSamples made = make({{"a", 1, {{"instance", "theirs"}}}}, Outcome::ok(), true);
    BOOST_TEST(shown(*made.batch) == R"(a{instance="theirs", prober="scrape", target="api"} 1)");
    BOOST_TEST(made.batch->samples[0].labels.get("instance") == "a:1");
}

BOOST_AUTO_TEST_CASE(a_failure_has_its_phase_and_reason_while_it_lasts) {
    const auto failing = make({}, Outcome::failed("connect", "refused", "nobody there"));
    BOOST_TEST(value_of(*failing.batch, "probe_success").value() == 0.0);
    BOOST_TEST(
        shown(*failing.batch) ==
        fmt::format(R"(probe_failure_info{{instance="a:1", phase="connect", prober="scrape",)"
                    R"( reason="refused", target="api"}} 1)"));
    const auto changed = make({}, Outcome::failed("connect", "timeout", ""));
    BOOST_TEST(shown(*changed.batch).find(R"(reason="timeout", target="api"} 1)") !=
               std::string::npos);
    BOOST_TEST(shown(*changed.batch).find(R"(reason="refused", target="api"} stale)") !=
               std::string::npos);
    const auto good = make({});
    BOOST_TEST(shown(*good.batch).ends_with(R"(reason="timeout", target="api"} stale)"));
    BOOST_TEST(shown(*make({}).batch) == "");
}

BOOST_AUTO_TEST_CASE(what_vanishes_ends_with_one_stale_marker) {
    (void)make({{"kept", 1}, {"gone", 1, {{"x", "1"}}}});
    BOOST_TEST(shown(*make({{"kept", 2}}).batch) ==
               fmt::format(R"(gone{{{}, x="1"}} stale; kept{{{}}} 2)", kOwn, kOwn));
    BOOST_TEST(shown(*make({{"kept", 3}}).batch) == fmt::format("kept{{{}}} 3", kOwn));
    BOOST_TEST(shown(*make({{"kept", 4}, {"gone", 5, {{"x", "1"}}}}).batch).find("stale") ==
               std::string::npos);
    BOOST_TEST(series->cached() == 4U);
}

BOOST_AUTO_TEST_CASE(a_probe_that_could_not_judge_changes_nothing) {
    (void)make({{"up", 1}, {"gone", 2}});
    (void)make({{"up", 1}});
    const auto blind = make({{"up", 0}}, Outcome::unknown("connect", "no_descriptors", ""));
    BOOST_CHECK(blind.batch->at == now);
    BOOST_TEST(shown(*blind.batch) == fmt::format("up{{{}}} 1", kOwn));
    BOOST_TEST(value_of(*blind.batch, "probe_success").value() == 1.0);
    // Neither does it start series, nor end those that the next one has not.
    BOOST_TEST(shown(*make({}).batch) == fmt::format("up{{{}}} stale", kOwn));
}

BOOST_AUTO_TEST_CASE(a_counter_pauses_while_the_prober_is_blind) {
    (void)make({{"node_cpu_seconds_total", 7}, {"app_requests_total", 9}});
    const auto blind = make({}, Outcome::unknown("proc", "unreadable", ""));
    BOOST_TEST(shown(*blind.batch) ==
               fmt::format("app_requests_total{{{}}} stale; node_cpu_seconds_total{{{}}} stale",
                           kOwn, kOwn));
    BOOST_TEST(
        shown(*make({{"node_cpu_seconds_total", 8}, {"app_requests_total", 9}}).batch) ==
        fmt::format("app_requests_total{{{}}} 9; node_cpu_seconds_total{{{}}} 8", kOwn, kOwn));
}

BOOST_AUTO_TEST_CASE(a_failing_target_keeps_failing_while_the_prober_is_blind) {
    (void)make({}, Outcome::failed("connect", "refused", ""));
    const auto blind = make({}, Outcome::unknown("resolve", "resolver_unreachable", ""));
    BOOST_TEST(value_of(*blind.batch, "probe_success").value() == 0.0);
    BOOST_TEST(shown(*blind.batch).find("refused") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(before_the_first_verdict_nothing_is_said) {
    const auto blind = make({{"up", 0}}, Outcome::unknown("connect", "no_descriptors", ""));
    BOOST_REQUIRE(blind.batch != nullptr);
    BOOST_TEST(blind.batch->samples.empty());
}

BOOST_AUTO_TEST_CASE(of_a_series_given_twice_the_first_stays) {
    const auto made = make({{"a", 1}, {"a", 2}, {"probe_success", 0}});
    BOOST_TEST(shown(*made.batch) == fmt::format("a{{{}}} 1", kOwn));
    BOOST_TEST(value_of(*made.batch, "probe_success").value() == 1.0);
}

BOOST_AUTO_TEST_CASE(names_that_run_together_are_told_apart) {
    const auto made = make({{"a", 1, {{"b", "cd"}}}, {"a", 2, {{"bc", "d"}}}, {"ab", 3}});
    BOOST_TEST(made.batch->samples.size() == 5U);
}

BOOST_AUTO_TEST_CASE(any_order_and_any_change_gives_the_same_series) {
    const Measurement a{"a", 1}, b{"a", 2, {{"x", "1"}}}, c{"a", 3, {{"x", "12"}}}, d{"ab", 4};
    const auto all = [](std::string_view text) {
        return std::ranges::count(text, ';') + (text.empty() ? 0 : 1);
    };
    (void)make({a, b, c, d});
    BOOST_TEST(all(shown(*make({d, c, b, a}).batch)) == 4);
    BOOST_TEST(all(shown(*make({c, a, c, d, b, a}).batch)) == 4);
    BOOST_TEST(all(shown(*make({b, d}).batch)) == 4);
    BOOST_TEST(shown(*make({d, b}).batch).find("stale") == std::string::npos);
    const std::string again = shown(*make({a, d, b, c}).batch);
    BOOST_TEST(all(again) == 4);
    BOOST_TEST(again.find("stale") == std::string::npos);
    BOOST_TEST(series->cached() == 6U);
}

BOOST_AUTO_TEST_CASE(samples_with_their_own_time_come_in_batches_of_their_own) {
    const WallTime earlier = kStart - 1min;
    const auto made = make({{"a", 1}, {"b", 2, {}, earlier}, {"c", 3, {}, earlier}});
    BOOST_TEST(shown(*made.batch) == fmt::format("a{{{}}} 1", kOwn));
    BOOST_REQUIRE(made.timed.size() == 1U);
    BOOST_CHECK(made.timed[0]->at == earlier);
    BOOST_TEST(made.timed[0]->samples.size() == 2U);
    // Prometheus does not end these.
    BOOST_TEST(shown(*make({{"a", 1}}).batch) == fmt::format("a{{{}}} 1", kOwn));
}

BOOST_AUTO_TEST_CASE(families_go_along) {
    Report report{Outcome::ok(), {{"a", 1}}, {{"a", MetricType::counter, "Help."}}};
    const auto made = series->make(report, now, 0ms);
    BOOST_REQUIRE(made.batch->families.size() == 1U);
    BOOST_TEST(made.batch->families[0].name == "a");
}

BOOST_AUTO_TEST_CASE(a_target_that_goes_ends_all_its_series) {
    (void)make({{"a", 1}});
    const SharedBatch ends = series->end(now);
    BOOST_TEST(ends->samples.size() == 3U);
    BOOST_TEST(std::ranges::all_of(ends->samples,
                                   [](const Sample& sample) { return is_stale(sample.value); }));
    BOOST_TEST(series->end(now)->samples.empty());
}

BOOST_AUTO_TEST_CASE(label_sets_are_made_once) {
    const auto first = make({{"a", 1, {{"x", "y"}}}});
    const auto second = make({{"a", 1, {{"x", "y"}}}});
    // The same allocation: views into it are equal by address.
    const std::string_view one = first.batch->samples[2].labels.get("x");
    const std::string_view two = second.batch->samples[2].labels.get("x");
    BOOST_TEST(static_cast<const void*>(one.data()) == static_cast<const void*>(two.data()));
}

BOOST_AUTO_TEST_SUITE_END()
