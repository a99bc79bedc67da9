#include "probes/heartbeat.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "probes/network.h"
#include "probes/probers.h"

namespace pilotlight::probes {
namespace {

/// Later than anybody waits.
constexpr Duration kNeverAgain = std::chrono::years(40);
constexpr Duration kShortest = std::chrono::seconds(1);

struct Draft : HeartbeatOptions {
    Node timezone;
    Node token_file;
};

void read_cron(const Node& node, Draft& draft, Errors& errors) {
    if (!node.is_scalar()) return config::expected_value(node, "a cron expression", errors);
    auto schedule = CronSchedule::parse(node.scalar);
    if (schedule) {
        draft.cron = *schedule;
    } else {
        errors.push_back(node.error(schedule.error().message));
    }
}

/// Read once all keys are known.
template <Node Draft::* Member>
void keep(const Node& node, Draft& draft, Errors&) {
    draft.*Member = node;
}

constexpr config::Option<Draft> kOptions[] = {
    config::option<&HeartbeatOptions::every, Draft>("every", "",
                                                    "how often it comes; this or `cron` is needed"),
    config::option_read_by<Draft>(
        read_cron, "cron", "text", "",
        "when it comes, as in a crontab: five fields, or `@daily` and its like. Of a time that the "
        "clocks skip it comes at the change (not at all where minutes or hours begin with `*`), at "
        "one that they show twice once"),
    config::option_read_by<Draft>(keep<&Draft::timezone>, "timezone", "text", "UTC",
                                  "of `cron`: a name such as Europe/Berlin, or Local"),
    config::option<&HeartbeatOptions::grace, Draft>(
        "grace", "5m",
        "how long after its time it may come, or how long a run that told its start may take where "
        "there is no `max_duration`"),
    config::option<&HeartbeatOptions::min_duration, Draft>(
        "min_duration", "", "a run that told its start and ends sooner has failed: too_short"),
    config::option<&HeartbeatOptions::max_duration, Draft>(
        "max_duration", "",
        "a run that told its start and has not ended after this has failed: too_long"),
    config::option<&HeartbeatOptions::token, Draft>(
        "token", "",
        "what a ping must show, as `?token=` or as `Authorization: Bearer`; otherwise anybody who "
        "reaches Pilotlight may say that the job has run"),
    config::option_read_by<Draft>(keep<&Draft::token_file>, "token_file", "path", "",
                                  "a file that holds the token instead, read anew at each "
                                  "reload"),
};

void read_timezone(const Draft& draft, HeartbeatOptions& options, Errors& errors) {
    const Node& node = draft.timezone;
    if (node.is_null()) return;
    if (!node.is_scalar()) return config::expected_value(node, "the name of a time zone", errors);
    if (!draft.cron) {
        errors.push_back(node.error("only a heartbeat with \"cron\" has a time zone"));
        return;
    }
    auto zone = runtime::TimeZone::load(node.scalar);
    if (zone) {
        options.zone = std::move(*zone);
    } else {
        errors.push_back(node.error(zone.error().message));
    }
}

void read_token_file(const Node& node, Secret& token, Errors& errors) {
    constexpr std::size_t kBytesMax = 4'096;
    if (node.is_null()) return;
    if (!node.is_scalar()) return config::expected_value(node, "a path", errors);
    if (!token.empty()) {
        errors.push_back(node.error("expected token or token_file, got both"));
        return;
    }
    const std::string path = path_beside(node, node.scalar);
    std::ifstream file(path, std::ios::binary);
    std::string text(kBytesMax + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.is_open() || file.bad()) {
        errors.push_back(node.error(fmt::format("cannot read {}", path)));
        return;
    }
    text.resize(static_cast<std::size_t>(file.gcount()));
    text.resize(text.find_last_not_of("\r\n") + 1);
    if (text.empty() || text.size() > kBytesMax) {
        errors.push_back(node.error(fmt::format("expected a token of at most 4 KiB in {}", path)));
        return;
    }
    token = Secret(std::move(text));
}

void check_times(const Node& node, const HeartbeatOptions& options, Errors& errors) {
    const auto refuse = [&](std::string_view key, std::string_view expected) {
        config::expected_value(*node.find(key), expected, errors);
    };
    if (options.every && *options.every < kShortest) refuse("every", "1s or more");
    if (options.max_duration && *options.max_duration <= Duration{0}) {
        refuse("max_duration", "a duration of more than 0s");
    } else if (options.min_duration && options.max_duration &&
               *options.min_duration > *options.max_duration) {
        refuse("min_duration", "a duration of at most max_duration");
    }
}

/// Its name is a part of the address where it is told.
void check_name(const config::TargetConfig& target, Errors& errors) {
    const bool is_segment =
        target.name.find('/') == std::string::npos && target.name != "." && target.name != "..";
    if (is_segment) return;
    errors.emplace_back(
        fmt::format("the heartbeat \"{}\" is told at /heartbeat/NAME: expected a name without `/`",
                    target.name),
        target.where);
}

class HeartbeatProber final : public Prober {
  public:
    explicit HeartbeatProber(std::shared_ptr<const HeartbeatOptions> options)
        : options_(std::move(options)) {}

    boost::asio::awaitable<Report> run(runtime::Services&, runtime::Deadline) override {
        co_return Report{Outcome::unknown(
            "heartbeat", "not_asked",
            "a heartbeat cannot be asked: its job tells it to a Pilotlight that runs")};
    }

    [[nodiscard]] std::shared_ptr<const HeartbeatOptions> awaits() const override {
        return options_;
    }

  private:
    std::shared_ptr<const HeartbeatOptions> options_;
};

}  // namespace

WallTime HeartbeatOptions::next_after(WallTime heard) const {
    if (every) return heard + *every;
    const auto next = cron->next(heard, *zone);
    if (!next) return heard + kNeverAgain;
    const auto behind = cron->next(*next, *zone);
    if (behind && *next - heard <= std::min(kEarly, (*behind - *next) / 4)) return *behind;
    return *next;
}

Checked<std::unique_ptr<Prober>> make_heartbeat(const config::TargetConfig& target) {
    Errors errors;
    Draft draft;
    config::read_options(target.options, kOptions, draft, errors);
    check_name(target, errors);
    const Node& node = target.options;
    const auto given = [&](std::string_view key) {
        const Node* value = node.find(key);
        return value != nullptr && !value->is_null();
    };
    if (given("every") == given("cron")) {
        errors.emplace_back(
            fmt::format("expected one of \"every\" and \"cron\" of a heartbeat, got {}",
                        given("cron") ? "both" : "neither"),
            node.is_mapping() ? node.where : target.where);
    }
    read_timezone(draft, draft, errors);
    const Node* const token = node.find("token");
    // A variable that is empty must not open it to everybody.
    if (token != nullptr && (token->is_null() || (token->is_scalar() && token->scalar.empty()))) {
        errors.push_back(token->error("expected a token, got an empty text"));
    }
    read_token_file(draft.token_file, draft.token, errors);
    check_times(node, draft, errors);
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_unique<HeartbeatProber>(
        std::make_shared<const HeartbeatOptions>(std::move(static_cast<HeartbeatOptions&>(draft))));
}

std::vector<config::OptionDoc> heartbeat_options() {
    return config::docs_of(kOptions);
}

}  // namespace pilotlight::probes
