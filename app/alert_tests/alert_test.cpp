#include "app/alert_tests/alert_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "alerting/rehearsal.h"
#include "app/alert_tests/difference.h"
#include "app/alert_tests/pairs.h"
#include "app/alert_tests/test_file.h"
#include "core/check.h"

namespace pilotlight::app {

using alerting::Rehearsal;

namespace {

/// Notifications of one test; more are an alert storm that no file can list.
constexpr std::size_t kOutcomesShown = 20;

/// One item of `tests`: hands the rules' alerts to a rehearsal, and compares what came out.
class AlertTestRun {
  public:
    AlertTestRun(const AlertingTest& test, const alerting::SharedRouting& routing,
                 const rules::WatchedTest& watched)
        : test_(test),
          routing_(routing),
          name_(watched.name),
          start_(watched.start),
          external_labels_(watched.external_labels),
          rehearsal_(routing, faults_of(test, watched.start), watched.start,
                     options_of(test, watched)) {
        for (const SilenceSpan& span : test.silences) {
            alerting::Silence silence = span.silence;
            silence.starts_at += watched.start.time_since_epoch();
            silence.ends_at += watched.start.time_since_epoch();
            const auto added = rehearsal_.add_silence(std::move(silence));
            if (!added) refused_.push_back(Error(added.error().message, span.where).to_string());
        }
    }

    void evaluated(WallTime now, std::vector<Alert> changed) {
        // As in the daemon: what is decided at the time of a flush is part of it.
        rehearsal_.advance(now - Duration(1));
        // A pending alert that ended was never told of.
        std::erase_if(changed, [](const Alert& alert) {
            return alert.state == AlertState::resolved && !alert.fired_at;
        });
        for (Alert& alert : changed)
            alert.labels = outward_labels(alert.labels);
        rehearsal_.accept(changed, now);
        rehearsal_.advance(now);
    }

    void ended(rules::UnitTestResult& result) {
        for (const std::string& refused : refused_)
            result.failures.push_back(fmt::format("    silence: {}", refused));
        if (!test_.notifications) return;
        result.checks += test_.notifications->size() + 1;
        compare(*test_.notifications, result.failures);
    }

  private:
    static std::vector<Rehearsal::Fault> faults_of(const AlertingTest& test, WallTime start) {
        std::vector<Rehearsal::Fault> faults = test.faults;
        for (Rehearsal::Fault& fault : faults) {
            fault.from += start.time_since_epoch();
            fault.until += start.time_since_epoch();
        }
        return faults;
    }

    static Rehearsal::Options options_of(const AlertingTest& test,
                                         const rules::WatchedTest& watched) {
        Rehearsal::Options options;
        options.give_up_after_of = test.give_up_after;
        options.external_url = watched.external_url;
        return options;
    }

    /// As the daemon sends them: with the external labels that they have not set.
    [[nodiscard]] Labels outward_labels(const Labels& labels) const {
        LabelsBuilder builder(external_labels_);
        for (const Label label : labels)
            builder.set(label.name, label.value);
        return builder.build();
    }

    void compare(const std::vector<ExpectedNotification>& expected,
                 std::vector<std::string>& failures) const {
        const auto& got = rehearsal_.outcomes();
        const auto pairs = pair_up(expected.size(), got.size(), [&](std::size_t i, std::size_t j) {
            return !difference(expected[i], got[j], *routing_, start_);
        });
        std::vector<bool> left(got.size(), true);
        for (const auto& pair : pairs) {
            if (pair) left[*pair] = false;
        }
        for (std::size_t i = 0; i < expected.size(); ++i) {
            if (!pairs[i]) failures.push_back(missing(expected[i], left));
        }
        std::size_t unexpected = 0;
        for (std::size_t j = 0; j < got.size(); ++j) {
            if (!left[j] || ++unexpected > kOutcomesShown) continue;
            failures.push_back(
                fmt::format("{}    notification, not expected:\n        exp: "
                            "nothing\n        got: {}",
                            named(), describe(got[j], start_)));
        }
        if (unexpected > kOutcomesShown) {
            failures.push_back(fmt::format("{}    and {} more notifications that were not expected",
                                           named(), unexpected - kOutcomesShown));
        }
    }

    [[nodiscard]] std::string named() const {
        return name_.empty() ? "" : fmt::format("    name: {},\n", name_);
    }

    /// With what comes nearest of the notifications that are nobody else's.
    [[nodiscard]] std::string missing(const ExpectedNotification& expected,
                                      const std::vector<bool>& left) const {
        const auto& got = rehearsal_.outcomes();
        std::optional<Difference> nearest;
        std::string nearest_text = "nothing like it";
        for (std::size_t j = 0; j < got.size(); ++j) {
            if (!left[j]) continue;
            auto found = difference(expected, got[j], *routing_, start_);
            PILOT_CHECK(found.has_value());
            if (nearest && nearest->likeness >= found->likeness) continue;
            nearest = std::move(found);
            nearest_text =
                fmt::format("{}\n             which {}", describe(got[j], start_), nearest->what);
        }
        if (nearest && nearest->likeness < 2) nearest_text = "nothing like it";
        return fmt::format("{}    notification, {}:\n        exp: {}\n        got: {}", named(),
                           Error("expected and not sent", expected.where).to_string(),
                           describe(expected), nearest_text);
    }

    const AlertingTest& test_;
    const alerting::SharedRouting& routing_;
    std::string name_;
    WallTime start_;
    Labels external_labels_;
    Rehearsal rehearsal_;
    std::vector<std::string> refused_;
};

rules::UnitTestWatch watch(const AlertingTestFile& file, const rules::WatchedTest& watched) {
    const AlertingTest& test = file.tests.at(&watched.node);
    auto run = std::make_shared<AlertTestRun>(test, file.routing, watched);
    rules::UnitTestWatch watch;
    const Duration needed = std::max(watched.series_end, test.last_expectation());
    watch.until = test.run_until.value_or(test.notifications ? needed : Duration{});
    watch.evaluated = [run](WallTime now, std::vector<Alert> changed) {
        run->evaluated(now, std::move(changed));
    };
    watch.ended = [run](rules::UnitTestResult& result) { run->ended(result); };
    return watch;
}

void append(Errors& errors, const Errors& more) {
    errors.insert(errors.end(), more.begin(), more.end());
}

}  // namespace

Checked<rules::UnitTestReport> run_alert_tests(const Node& root, rules::UnitTestOptions options) {
    const auto file = read_alerting_test_file(root);
    options.more_file_keys = alerting_file_keys();
    options.more_test_keys = alerting_test_keys();
    if (!file) {
        // What promtool's half has to say as well; nothing runs.
        Errors errors = file.error();
        options.selected = [](const std::string&) { return false; };
        const auto rest = rules::run_unit_tests(root, options);
        if (!rest) append(errors, rest.error());
        return std::unexpected(std::move(errors));
    }
    options.watch = [&file](const rules::WatchedTest& watched) { return watch(*file, watched); };
    return rules::run_unit_tests(root, options);
}

}  // namespace pilotlight::app
