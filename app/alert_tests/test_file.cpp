#include "app/alert_tests/test_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "config/options.h"
#include "config/yaml.h"

namespace pilotlight::app {

using alerting::Rehearsal;

namespace {

Result<TimeWindow> parse_window(std::string_view text) {
    const std::size_t dots = text.find("..");
    const auto from = parse_duration(text.substr(0, dots));
    if (!from) return std::unexpected(from.error());
    if (dots == std::string_view::npos) return TimeWindow{*from, *from};
    const auto until = parse_duration(text.substr(dots + 2));
    if (!until) return std::unexpected(until.error());
    if (*until < *from) return fail("it ends before it begins");
    return TimeWindow{*from, *until};
}

/// The one of the names that the node says.
template <class T>
void read_name(const Node& node, const std::vector<std::pair<std::string_view, T>>& names, T& out,
               Errors& errors) {
    std::vector<std::string_view> known;
    for (const auto& [name, value] : names) {
        if (node.is_scalar() && node.scalar == name) {
            out = value;
            return;
        }
        known.push_back(name);
    }
    errors.push_back(node.error(
        fmt::format("expected one of {}, got {}", fmt::join(known, ", "), node.shown())));
}

const std::vector<std::pair<std::string_view, alerting::Status>> kStatuses = {
    {"firing", alerting::Status::firing}, {"resolved", alerting::Status::resolved}};
const std::vector<std::pair<std::string_view, alerting::Settlement::Outcome>> kOutcomes = {
    {"delivered", alerting::Settlement::Outcome::delivered},
    {"dead", alerting::Settlement::Outcome::dead}};
const std::vector<std::pair<std::string_view, alerting::Cause>> kCauses = {
    {"first", alerting::Cause::first},
    {"changed", alerting::Cause::changed},
    {"resolved", alerting::Cause::resolved},
    {"repeat", alerting::Cause::repeat}};
/// What breaks a dialogue off; the words of runtime::Failure.
const std::vector<std::pair<std::string_view, std::string_view>> kBreaks = {
    {"timeout", "timeout"}, {"refused", "connect"}, {"reset", "response"}, {"resolve", "resolve"}};

}  // namespace

/// Found by argument-dependent look-up from config::read_value of lists and optionals.
void read_value(const Node& node, TimeWindow& out, Errors& errors) {
    std::string text;
    const std::size_t before = errors.size();
    config::read_value(node, text, errors);
    if (errors.size() != before) return;
    const auto window = parse_window(text);
    if (window) {
        out = *window;
    } else {
        errors.push_back(node.error(fmt::format(
            "expected a time like 5m or a window like 5m..6m: {}", window.error().message)));
    }
}

namespace {

class Reader {
  public:
    Checked<AlertingTestFile> read(const Node& root) {
        read_routing(root);
        if (const Node* tests = root.find("tests"); tests != nullptr && tests->is_sequence()) {
            for (const Node& test : tests->items) {
                if (test.is_mapping()) file_.tests.emplace(&test, read_test(test));
            }
        }
        if (!errors_.empty()) return std::unexpected(std::move(errors_));
        return std::move(file_);
    }

  private:
    template <class T>
    bool read(const Node& node, std::string_view key, T& out) {
        using config::read_value;
        const Node* given = node.find(key);
        if (given == nullptr || given->is_null()) return false;
        const std::size_t before = errors_.size();
        read_value(*given, out, errors_);
        return errors_.size() == before;
    }

    template <class T>
    void read_named(const Node& node, std::string_view key,
                    const std::vector<std::pair<std::string_view, T>>& names, T& out) {
        const Node* given = node.find(key);
        if (given != nullptr && !given->is_null()) read_name(*given, names, out, errors_);
    }

    void add(const Node& node, std::string message) {
        errors_.push_back(node.error(std::move(message)));
    }

    void keys(const Node& node, const std::vector<std::string_view>& known) {
        config::check_keys(node, known, errors_);
    }

    /// A mapping, or a list of them.
    template <class Visit>
    void for_each_mapping(const Node& node, Visit visit) {
        if (node.is_mapping()) return visit(node);
        if (!node.is_sequence()) {
            return add(node, fmt::format("expected a list of mappings, got {}", node.kind_name()));
        }
        for (const Node& item : node.items) {
            if (item.is_mapping())
                visit(item);
            else
                add(item, fmt::format("expected a mapping, got {}", item.kind_name()));
        }
    }

    void read_routing(const Node& root) {
        std::string name;
        if (!read(root, "alerting_file", name)) {
            if (root.find("alerting_file") == nullptr) {
                add(root, "\"alerting_file\" is missing, expected a file in Alertmanager's format");
            }
            return;
        }
        const Node& node = *root.find("alerting_file");
        const auto folder = std::filesystem::path(root.where.file.str()).parent_path();
        const std::string path = (folder / name).lexically_normal().string();
        const auto document = config::load_yaml(path);
        if (!document) {
            errors_.push_back(
                document.error().where.line != 0
                    ? document.error()
                    : node.error(fmt::format("{}: {}", path, document.error().message)));
            return;
        }
        auto routing = alerting::read_alerting_config_without_secrets(*document);
        if (routing) {
            file_.routing = std::move(*routing);
        } else {
            std::ranges::copy(routing.error(), std::back_inserter(errors_));
        }
    }

    AlertingTest read_test(const Node& node) {
        AlertingTest test;
        Duration until{};
        if (read(node, "run_until", until)) test.run_until = until;
        if (const Node* given = node.find("exp_notifications")) {
            test.notifications.emplace();
            if (!given->is_null()) {
                for_each_mapping(*given, [&](const Node& item) {
                    test.notifications->push_back(read_notification(item));
                });
            }
        }
        if (const Node* given = node.find("silences"); given != nullptr && !given->is_null()) {
            for_each_mapping(*given, [&](const Node& item) { read_silence(item, test); });
        }
        if (const Node* given = node.find("receivers"); given != nullptr && !given->is_null()) {
            if (!given->is_mapping()) {
                add(*given, fmt::format("expected receivers by name, got {}", given->kind_name()));
            }
            for (const auto& entry : given->entries) {
                check_receiver(entry.key, entry.key_where);
                for_each_mapping(entry.value,
                                 [&](const Node& item) { read_fault(entry.key, item, test); });
            }
        }
        return test;
    }

    // What is told.

    ExpectedNotification read_notification(const Node& node) {
        keys(node, {"time", "receiver", "integration", "status", "outcome", "cause", "group",
                    "alerts", "text", "payload"});
        ExpectedNotification wanted;
        wanted.where = node.where;
        if (node.find("time") == nullptr) add(node, "a notification needs \"time\"");
        read(node, "time", wanted.time);
        read_named(node, "status", kStatuses, wanted.status);
        read_named(node, "outcome", kOutcomes, wanted.outcome);
        if (const Node* given = node.find("cause"); given != nullptr && !given->is_null()) {
            wanted.cause.emplace();
            read_name(*given, kCauses, *wanted.cause, errors_);
        }
        if (const Node* given = node.find("group"); given != nullptr && !given->is_null()) {
            wanted.group.emplace();
            read(node, "group", *wanted.group);
        }
        if (const Node* given = node.find("alerts"); given != nullptr && !given->is_null()) {
            wanted.alerts.emplace();
            for_each_mapping(*given,
                             [&](const Node& item) { wanted.alerts->push_back(read_alert(item)); });
        }
        if (const Node* given = node.find("text"); given != nullptr && !given->is_null()) {
            if (given->is_scalar())
                wanted.text.push_back(given->scalar);
            else
                read(node, "text", wanted.text);
        }
        if (const Node* given = node.find("payload"); given != nullptr && !given->is_null()) {
            wanted.payload = given;
        }
        read_address(node, wanted);
        return wanted;
    }

    ExpectedNotifiedAlert read_alert(const Node& node) {
        keys(node, {"labels", "annotations", "status"});
        ExpectedNotifiedAlert alert;
        read(node, "labels", alert.labels);
        read(node, "annotations", alert.annotations);
        if (const Node* given = node.find("status"); given != nullptr && !given->is_null()) {
            alert.status.emplace();
            read_name(*given, kStatuses, *alert.status, errors_);
        }
        return alert;
    }

    void read_address(const Node& node, ExpectedNotification& wanted) {
        const Node* receiver = node.find("receiver");
        if (receiver == nullptr) return add(node, "a notification needs \"receiver\"");
        if (!read(node, "receiver", wanted.receiver)) return;
        check_receiver(wanted.receiver, receiver->where);
        std::string text;
        if (!read(node, "integration", text)) return;
        const Node& given = *node.find("integration");
        const std::size_t bracket = text.find('[');
        wanted.integration = text.substr(0, bracket);
        if (bracket != std::string::npos) {
            int index = 0;
            const char* begin = text.data() + bracket + 1;
            const auto parsed = std::from_chars(begin, text.data() + text.size(), index);
            if (parsed.ec != std::errc{} || std::string_view(parsed.ptr) != "]") {
                return add(given, fmt::format("expected a kind like slack, or slack[1], got {}",
                                              given.shown()));
            }
            wanted.index = index;
        }
        check_integration(given, wanted.receiver, wanted.integration, wanted.index);
    }

    void check_receiver(const std::string& name, const Location& where) {
        if (file_.routing == nullptr || file_.routing->find_receiver(name) != nullptr) return;
        std::vector<std::string_view> known;
        for (const auto& receiver : file_.routing->receivers)
            known.push_back(receiver.name);
        const std::string_view nearest = nearest_key(name, known);
        errors_.emplace_back(
            fmt::format("the alerting file has no receiver \"{}\"{}", name,
                        nearest.empty() ? "" : fmt::format(", did you mean \"{}\"?", nearest)),
            where);
    }

    void check_integration(const Node& where, const std::string& receiver, const std::string& kind,
                           std::optional<int> index) {
        if (file_.routing == nullptr) return;
        const auto* found = file_.routing->find_receiver(receiver);
        if (found == nullptr) return;
        std::vector<std::string> known;
        for (const auto& integration : found->integrations) {
            const alerting::Address& address = integration->address();
            if (address.integration == kind && (!index || *index == address.index)) return;
            known.push_back(fmt::format("{}[{}]", address.integration, address.index));
        }
        add(where,
            fmt::format("receiver \"{}\" has no {}, it has: {}", receiver, where.shown(),
                        known.empty() ? "nothing" : fmt::format("{}", fmt::join(known, ", "))));
    }

    // What happens meanwhile.

    void read_silence(const Node& node, AlertingTest& test) {
        keys(node, {"matchers", "from", "until"});
        alerting::Silence silence;
        const std::size_t before = errors_.size();
        read(node, "matchers", silence.matchers);
        Duration from{};
        Duration until{};
        read(node, "from", from);
        if (!read(node, "until", until) && node.find("until") == nullptr) {
            add(node, "a silence needs \"until\"");
        }
        silence.starts_at = WallTime(from);
        silence.ends_at = WallTime(until);
        silence.created_by = "test";
        silence.comment = "test";
        const auto fault = alerting::find_fault(silence);
        if (fault && errors_.size() == before) add(node, fmt::format("no silence: {}", *fault));
        test.silences.push_back({std::move(silence), node.where});
    }

    void read_fault(const std::string& receiver, const Node& node, AlertingTest& test) {
        keys(node,
             {"fail", "integration", "status", "retry_after", "body", "error", "give_up_after"});
        Duration give_up{};
        if (read(node, "give_up_after", give_up)) test.give_up_after[receiver] = give_up;
        TimeWindow window;
        if (node.find("fail") == nullptr) {
            if (node.find("give_up_after") == nullptr) {
                add(node, "expected \"fail\" with a window like 0s..10m, or \"give_up_after\"");
            }
            return;
        }
        read(node, "fail", window);
        Rehearsal::Fault fault;
        fault.receiver = receiver;
        fault.from = WallTime(window.from);
        fault.until = WallTime(window.until);
        if (window.from == window.until) add(*node.find("fail"), "expected a window like 0s..10m");
        if (read(node, "integration", fault.integration)) {
            check_integration(*node.find("integration"), receiver, fault.integration, {});
        }
        read_answer(node, fault);
        test.faults.push_back(std::move(fault));
    }

    void read_answer(const Node& node, Rehearsal::Fault& fault) {
        const bool has_status = read(node, "status", fault.answer.status);
        const bool has_error = node.find("error") != nullptr;
        if (has_error == (node.find("status") != nullptr)) {
            return add(node, "expected either \"status\", such as 500, or \"error\"");
        }
        if (has_status && (fault.answer.status < 200 || fault.answer.status > 599)) {
            add(*node.find("status"), "expected a status from 200 to 599");
        }
        if (has_error) {
            std::string_view phase;
            read_named(node, "error", kBreaks, phase);
            const std::string word = node.find("error")->scalar;
            fault.hangs = phase == "timeout";
            fault.answer.failure = runtime::Failure{std::string(phase), word, word};
        }
        read(node, "body", fault.answer.body);
        if (!fault.answer.body.empty() && fault.answer.body.front() == '{') {
            fault.answer.headers.push_back({"Content-Type", "application/json"});
        }
        Duration retry_after{};
        if (read(node, "retry_after", retry_after)) {
            const auto seconds = std::chrono::ceil<std::chrono::seconds>(retry_after);
            fault.answer.headers.push_back({"Retry-After", std::to_string(seconds.count())});
        }
    }

    AlertingTestFile file_;
    Errors errors_;
};

}  // namespace

const std::vector<std::string_view>& alerting_file_keys() {
    static const std::vector<std::string_view> keys{"alerting_file"};
    return keys;
}

const std::vector<std::string_view>& alerting_test_keys() {
    static const std::vector<std::string_view> keys{"exp_notifications", "silences", "receivers",
                                                    "run_until"};
    return keys;
}

Duration AlertingTest::last_expectation() const {
    Duration last{};
    if (notifications) {
        for (const ExpectedNotification& wanted : *notifications)
            last = std::max(last, wanted.time.until);
    }
    return last;
}

Checked<AlertingTestFile> read_alerting_test_file(const Node& root) {
    return Reader().read(root);
}

}  // namespace pilotlight::app
