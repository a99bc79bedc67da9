#include "exporters/text_writer.h"

#include <boost/test/unit_test.hpp>

#include <limits>
#include <map>
#include <random>

#include "tests/exporters/made_up.h"
#include "tests/exporters/promtool.h"

using namespace pilotlight;
using namespace pilotlight::exporters;
using made_up::batch;

namespace {

constexpr TextFormat kPlain{};
constexpr TextFormat kOpenMetrics{.syntax = TextFormat::Syntax::open_metrics};
constexpr TextFormat kQuoted{.utf8_names = true};

Snapshot showing(SharedBatch newest) {
    Snapshot snapshot;
    snapshot.targets = {made_up::target("t", "http")};
    snapshot.targets[0].newest = std::move(newest);
    return snapshot;
}

std::string written(const Snapshot& snapshot, TextFormat format = kPlain,
                    const FamilyLookup& lookup = {}) {
    return write_metrics(snapshot, nullptr, lookup, format)->text();
}

/// The lines that are no comments.
std::string samples_of(const std::string& text) {
    std::string samples;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        if (text[at] != '#') samples += text.substr(at, end - at + 1);
        at = end + 1;
    }
    return samples;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(text_writer)

BOOST_AUTO_TEST_CASE(writes_each_family_once_sorted_with_help_and_type) {
    Snapshot snapshot;
    for (const char* name : {"one", "two"}) {
        snapshot.targets.push_back(made_up::target(name, "http"));
        snapshot.targets.back().newest =
            batch({{"probe_success", 1, {{"target", name}}},
                   {"probe_duration_seconds", 0.25, {{"target", name}}}});
    }
    const FamilyLookup lookup = [](std::string_view name) -> std::optional<Description> {
        if (name == "probe_success") return Description{MetricType::gauge, "Whether it was ok."};
        return std::nullopt;
    };
    BOOST_TEST(written(snapshot, kPlain, lookup) ==
               "# HELP probe_duration_seconds Not described by its source.\n"
               "# TYPE probe_duration_seconds untyped\n"
               "probe_duration_seconds{target=\"one\"} 0.25\n"
               "probe_duration_seconds{target=\"two\"} 0.25\n"
               "# HELP probe_success Whether it was ok.\n"
               "# TYPE probe_success gauge\n"
               "probe_success{target=\"one\"} 1\n"
               "probe_success{target=\"two\"} 1\n");
}

BOOST_AUTO_TEST_CASE(shows_nothing_for_nothing) {
    BOOST_TEST(written(Snapshot{}) == "");
    BOOST_TEST(written(Snapshot{}, kOpenMetrics) == "# EOF\n");
    Snapshot unprobed;
    unprobed.targets = {made_up::target("t", "http")};
    BOOST_TEST(written(unprobed) == "");
}

BOOST_AUTO_TEST_CASE(keeps_the_parts_of_a_histogram_in_one_family) {
    const auto text =
        written(showing(batch({{"rpc_seconds_bucket", 2, {{"le", "1"}}},
                               {"rpc_seconds_bucket", 3, {{"le", "+Inf"}}},
                               {"rpc_seconds_sum", 1.5, {}},
                               {"rpc_seconds_count", 3, {}}},
                              {{"rpc_seconds", MetricType::histogram, "How long."}})));
    BOOST_TEST(text ==
               "# HELP rpc_seconds How long.\n# TYPE rpc_seconds histogram\n"
               "rpc_seconds_bucket{le=\"1\"} 2\nrpc_seconds_bucket{le=\"+Inf\"} 3\n"
               "rpc_seconds_sum 1.5\nrpc_seconds_count 3\n");
    BOOST_TEST(promtool_check_metrics(text).exit_code == 0);
}

BOOST_AUTO_TEST_CASE(a_gauge_with_a_sum_beside_it_is_two_families) {
    const auto text =
        written(showing(batch({{"x", 1, {}}, {"x_sum", 2, {}}}, {{"x", MetricType::gauge, "X."}})));
    BOOST_TEST(text ==
               "# HELP x X.\n# TYPE x gauge\nx 1\n"
               "# HELP x_sum Not described by its source.\n# TYPE x_sum untyped\nx_sum 2\n");
}

BOOST_AUTO_TEST_CASE(leaves_out_stale_markers_but_not_other_nans) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const auto text = written(showing(batch({{"gone", stale_marker(), {}}, {"odd", nan, {}}})));
    BOOST_TEST(samples_of(text) == "odd NaN\n");
}

BOOST_AUTO_TEST_CASE(of_equal_series_the_first_stays) {
    Snapshot snapshot = showing(batch({{"x", 1, {{"a", "1"}}}, {"x", 2, {{"a", "1"}}}}));
    snapshot.targets.push_back(snapshot.targets[0]);
    snapshot.targets[1].newest = batch({{"x", 3, {{"a", "1"}}}, {"x", 4, {{"a", "2"}}}});
    BOOST_TEST(samples_of(written(snapshot)) == "x{a=\"1\"} 1\nx{a=\"2\"} 4\n");
}

BOOST_AUTO_TEST_CASE(leaves_out_a_sample_without_a_name) {
    auto nameless = std::make_shared<SampleBatch>();
    nameless->samples = {{Labels{{"a", "1"}}, 1}, {Labels{}, 2}};
    BOOST_TEST(written(showing(nameless)) == "");
}

BOOST_AUTO_TEST_CASE(of_a_scrape_shows_only_what_pilotlight_says) {
    const std::vector<std::pair<std::string, std::string>> own{{"target", "t"},
                                                               {"prober", "scrape"}};
    Snapshot snapshot = showing(batch({{"up", 1, own},
                                       {"scrape_duration_seconds", 0.5, own},
                                       {"scrape_samples_scraped", 2, own},
                                       {"probe_success", 1, own},
                                       {"http_requests_total", 5, own}}));
    snapshot.targets[0].prober = "scrape";
    snapshot.targets[0].labels = Labels{{"target", "t"}, {"prober", "scrape"}};
    BOOST_TEST(samples_of(written(snapshot)) ==
               R"(probe_success{prober="scrape",target="t"} 1
scrape_duration_seconds{prober="scrape",target="t"} 0.5
scrape_samples_scraped{prober="scrape",target="t"} 2
up{prober="scrape",target="t"} 1
)");
    snapshot.targets[0].reexpose = true;
    BOOST_TEST(written(snapshot).find("http_requests_total{") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(of_a_scrape_shows_no_scrapes_that_the_target_tells_of) {
    Snapshot snapshot = showing(batch(
        {{"up", 1, {{"target", "t"}}},
         {"up", 1, {{"target", "t"}, {"exported_target", "u"}}},
         {"up", 1, {{"target", "u"}}},
         {"probe_failure_info", 1, {{"target", "t"}, {"phase", "connect"}, {"reason", "refused"}}},
         {"probe_failure_info",
          1,
          {{"target", "t"}, {"exported_target", "t"}, {"phase", "dns"}, {"reason", "timeout"}}}}));
    snapshot.targets[0].prober = "scrape";
    snapshot.targets[0].labels = Labels{{"target", "t"}};
    BOOST_TEST(samples_of(written(snapshot)) ==
               R"(probe_failure_info{phase="connect",reason="refused",target="t"} 1
up{target="t"} 1
)");
}

BOOST_AUTO_TEST_CASE(what_goes_round_is_exposed_no_third_time) {
    Snapshot snapshot = showing(
        batch({{"x", 1, {{"target", "t"}, {"exported_target", "a"}}},
               {"x",
                2,
                {{"target", "t"}, {"exported_target", "a"}, {"exported_exported_target", "b"}}}}));
    snapshot.targets[0].prober = "scrape";
    snapshot.targets[0].reexpose = true;
    BOOST_TEST(samples_of(written(snapshot)) == "x{exported_target=\"a\",target=\"t\"} 1\n");
}

BOOST_AUTO_TEST_CASE(of_the_recorded_shows_alerts_and_no_names_with_colons) {
    Snapshot snapshot;
    snapshot.recorded = batch({{"ALERTS", 1, {{"alertname", "Down"}, {"alertstate", "firing"}}},
                               {"service:errors:rate5m", 0.5, {}}});
    const std::string text = written(snapshot);
    BOOST_TEST(samples_of(text) == "ALERTS{alertname=\"Down\",alertstate=\"firing\"} 1\n");
    BOOST_TEST(promtool_check_metrics(text).exit_code == 0);
}

BOOST_AUTO_TEST_CASE(own_metrics_are_written_once_beside_a_scraped_pilotlight) {
    const SharedBatch own = batch({{"pilotlight_targets", 3, {}}},
                                  {{"pilotlight_targets", MetricType::gauge, "Targets."}});
    const Snapshot snapshot =
        showing(batch({{"pilotlight_targets", 7, {{"target", "other"}}}},
                      {{"pilotlight_targets", MetricType::counter, "Something else."}}));
    BOOST_TEST(write_metrics(snapshot, own.get(), {}, kPlain)->text() ==
               "# HELP pilotlight_targets Targets.\n# TYPE pilotlight_targets gauge\n"
               "pilotlight_targets 3\npilotlight_targets{target=\"other\"} 7\n");
}

BOOST_AUTO_TEST_CASE(writes_values_that_read_back_to_the_same_double) {
    const std::vector<std::pair<double, std::string>> cases{
        {0, "0"},
        {-1, "-1"},
        {1e6, "1000000"},
        {0.1, "0.1"},
        {1.0 / 3, "0.3333333333333333"},
        {9007199254740991, "9007199254740991"},
        {1e300, "1e+300"},
        {5e-324, "5e-324"},
        {std::numeric_limits<double>::infinity(), "+Inf"},
        {-std::numeric_limits<double>::infinity(), "-Inf"},
    };
    for (const auto& [value, text] : cases) {
        BOOST_TEST(samples_of(written(showing(batch({{"x", value, {}}})))) == "x " + text + "\n");
    }
}

BOOST_AUTO_TEST_CASE(escapes_values_and_help) {
    const SharedBatch hostile = batch({{"x", 1, {{"a", "C:\\ \"q\"\nnext"}}}},
                                      {{"x", MetricType::gauge, "back\\slash \"q\"\nline"}});
    BOOST_TEST(written(showing(hostile)) ==
               "# HELP x back\\\\slash \"q\"\\nline\n# TYPE x gauge\n"
               "x{a=\"C:\\\\ \\\"q\\\"\\nnext\"} 1\n");
    BOOST_TEST(written(showing(hostile), kOpenMetrics)
                   .starts_with("# HELP x back\\\\slash \\\"q\\\"\\nline\n"));
}

BOOST_AUTO_TEST_CASE(replaces_bytes_that_are_no_utf8) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"caf\xC3\xA9", "caf\xC3\xA9"},
        {"\xF0\x9F\x94\xA5", "\xF0\x9F\x94\xA5"},
        {"\xFF", "\xEF\xBF\xBD"},
        {"cut \xE2\x82", "cut \xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    };
    for (const auto& [value, shown] : cases) {
        const std::string text = written(showing(batch({{"x", 1, {{"a", value}}}})));
        BOOST_TEST(samples_of(text) == "x{a=\"" + shown + "\"} 1\n");
        BOOST_TEST(promtool_check_metrics(text).exit_code == 0);
    }
}

BOOST_AUTO_TEST_CASE(underscores_names_that_the_legacy_form_does_not_know) {
    const SharedBatch dotted =
        batch({{"http.server.duration", 1, {{"service.name", "a"}, {"1st", "b"}}}},
              {{"http.server.duration", MetricType::gauge, "Dotted."}});
    BOOST_TEST(written(showing(dotted)) ==
               "# HELP http_server_duration Dotted.\n# TYPE http_server_duration gauge\n"
               "http_server_duration{_1st=\"b\",service_name=\"a\"} 1\n");
}

BOOST_AUTO_TEST_CASE(underscoring_never_makes_a_series_or_a_label_twice) {
    const SharedBatch clashing = batch({{"a.b", 1, {{"x.y", "1"}, {"x_y", "2"}}},
                                        {"a_b", 2, {{"x_y", "1"}}},
                                        {"a_b", 3, {{"x_y", "3"}}}});
    BOOST_TEST(samples_of(written(showing(clashing))) == "a_b{x_y=\"1\"} 1\na_b{x_y=\"3\"} 3\n");
}

BOOST_AUTO_TEST_CASE(quotes_such_names_for_who_can_read_them) {
    const SharedBatch dotted =
        batch({{"http.duration", 1, {{"service.name", "a"}}}, {"plain", 2, {{"k\"ey", "v"}}}});
    BOOST_TEST(written(showing(dotted), kQuoted) ==
               "# HELP \"http.duration\" Not described by its source.\n"
               "# TYPE \"http.duration\" untyped\n"
               "{\"http.duration\",\"service.name\"=\"a\"} 1\n"
               "# HELP plain Not described by its source.\n# TYPE plain untyped\n"
               "plain{\"k\\\"ey\"=\"v\"} 2\n");
}

BOOST_AUTO_TEST_CASE(open_metrics_names_a_counter_without_its_suffix) {
    const auto text = written(
        showing(batch({{"jobs_total", 3, {}}}, {{"jobs_total", MetricType::counter, "Jobs."}})),
        kOpenMetrics);
    BOOST_TEST(text == "# HELP jobs Jobs.\n# TYPE jobs counter\njobs_total 3\n# EOF\n");
}

BOOST_AUTO_TEST_CASE(open_metrics_calls_a_counter_unknown_rather_than_rename_it) {
    const auto text =
        written(showing(batch({{"xact_commit", 3, {}}, {"jobs_total", 1, {}}, {"jobs", 2, {}}},
                              {{"xact_commit", MetricType::counter, "Commits."},
                               {"jobs_total", MetricType::counter, "Done."},
                               {"jobs", MetricType::gauge, "Now."}})),
                kOpenMetrics);
    BOOST_TEST(text ==
               "# HELP jobs Now.\n# TYPE jobs gauge\njobs 2\n"
               "# HELP jobs_total Done.\n# TYPE jobs_total unknown\njobs_total 1\n"
               "# HELP xact_commit Commits.\n# TYPE xact_commit unknown\nxact_commit 3\n# EOF\n");
}

BOOST_AUTO_TEST_CASE(open_metrics_writes_bounds_as_floats) {
    const auto text = written(showing(batch({{"h_bucket", 1, {{"le", "1"}}},
                                             {"h_bucket", 1, {{"le", "2.5"}}},
                                             {"h_bucket", 1, {{"le", "+Inf"}}},
                                             {"h_sum", 1, {}},
                                             {"h_count", 1, {}}},
                                            {{"h", MetricType::histogram, "H."}})),
                              kOpenMetrics);
    BOOST_TEST(samples_of(text) ==
               "h_bucket{le=\"1.0\"} 1\nh_bucket{le=\"2.5\"} 1\nh_bucket{le=\"+Inf\"} 1\n"
               "h_sum 1\nh_count 1\n");
}

BOOST_AUTO_TEST_CASE(whatever_labels_hold_promtool_reads_them) {
    std::mt19937 random(20260301);
    const auto noise = [&](std::size_t longest) {
        std::string text(random() % longest + 1, '\0');
        for (char& c : text) {
            // Half of it from where trouble lives.
            c = random() % 2 == 0 ? "\\\"\n{},=# \t"[random() % 10] : static_cast<char>(random());
        }
        return text;
    };
    for (int round = 0; round < 10; ++round) {
        std::vector<made_up::Series> series;
        std::vector<MetricFamily> families;
        for (int i = 0; i < 100; ++i) {
            const std::string name = i % 4 == 0 ? noise(12) : "metric_" + std::to_string(i);
            series.push_back({name,
                              static_cast<double>(random()) / 3,
                              {{"plain", noise(40)}, {noise(8), noise(20)}}});
            families.push_back({name, static_cast<MetricType>(random() % 3), noise(60)});
        }
        const std::string text = written(showing(batch(series, families)));
        const Verdict verdict = promtool_check_metrics(text);
        BOOST_TEST_INFO(verdict.said);
        // 3: it reads them all and dislikes the names.
        BOOST_TEST((verdict.exit_code == 0 || verdict.exit_code == 3));
    }
}

BOOST_AUTO_TEST_SUITE_END()
