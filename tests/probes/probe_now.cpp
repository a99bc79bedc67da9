#include "tests/probes/probe_now.h"

#include <boost/asio/awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <utility>

#include "config/yaml.h"
#include "probes/redaction.h"
#include "tests/support/run_coroutine_test.h"

namespace pilotlight::testing {

config::TargetConfig make_target(const std::string& address, const std::string& options) {
    config::TargetConfig target;
    target.name = "target";
    target.target = Secret(address);
    const Result<Node> node = config::parse_yaml(options, "/etc/pilotlight/options.yaml");
    BOOST_REQUIRE_MESSAGE(node.has_value(), options);
    target.options = *node;
    return target;
}

probes::Report probe_now(MakeProber make, const std::string& address, const std::string& options,
                         Duration limit) {
    const config::TargetConfig target = make_target(address, options);
    Checked<std::unique_ptr<probes::Prober>> prober = make(target);
    BOOST_REQUIRE_MESSAGE(prober.has_value(), refusal_of(make, address, options));
    (*prober)->set_redaction(probes::redaction_of(target));
    probes::Report report;
    const SteadyTime began = steady_now();
    run_coroutine_test([&](runtime::Services& services) -> boost::asio::awaitable<void> {
        report = co_await (*prober)->run(services, runtime::Deadline::in(limit));
    });
    BOOST_TEST((steady_now() - began < limit + std::chrono::seconds(1)), "kept its deadline");
    return report;
}

std::vector<probes::Report> probe_times(int times, MakeProber make, const std::string& address,
                                        const std::string& options, Duration limit) {
    Checked<std::unique_ptr<probes::Prober>> prober = make(make_target(address, options));
    BOOST_REQUIRE_MESSAGE(prober.has_value(), refusal_of(make, address, options));
    std::vector<probes::Report> reports;
    run_coroutine_test([&](runtime::Services& services) -> boost::asio::awaitable<void> {
        for (int i = 0; i < times; ++i) {
            probes::Report report = co_await (*prober)->run(services, runtime::Deadline::in(limit));
            reports.push_back(std::move(report));
        }
    });
    return reports;
}

std::string verdict_of(const probes::Report& report) {
    const probes::Outcome& outcome = report.outcome;
    if (outcome.verdict == probes::Verdict::ok) return "";
    const bool unknown = outcome.verdict == probes::Verdict::unknown;
    return (unknown ? "unknown: " : "") + outcome.phase + "/" + outcome.reason;
}

std::optional<double> value_of(const probes::Report& report, const std::string& name,
                               const std::string& label_value) {
    std::optional<double> value;
    for (const probes::Measurement& measurement : report.measurements) {
        if (measurement.name != name) continue;
        const bool wanted =
            label_value.empty() || std::ranges::any_of(measurement.labels, [&](const auto& label) {
                return label.second == label_value;
            });
        if (!wanted) continue;
        BOOST_TEST(!value.has_value(), name << " is there twice");
        value = measurement.value;
    }
    return value;
}

std::string label_of(const probes::Report& report, const std::string& name,
                     const std::string& label) {
    for (const probes::Measurement& measurement : report.measurements) {
        if (measurement.name != name) continue;
        for (const auto& [key, value] : measurement.labels) {
            if (key == label) return value;
        }
    }
    return "";
}

std::string refusal_of(MakeProber make, const std::string& address, const std::string& options) {
    const Checked<std::unique_ptr<probes::Prober>> prober = make(make_target(address, options));
    std::string text;
    if (prober) return text;
    for (const Error& error : prober.error())
        text += error.to_string() + "\n";
    return text;
}

}  // namespace pilotlight::testing
