#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/command_line.h"
#include "app/commands.h"
#include "app/http_call.h"
#include "app/matcher_words.h"
#include "app/table.h"
#include "core/time.h"

namespace pilotlight::app {
namespace {

using Json = nlohmann::json;
using Op = Matcher::Op;

/// Alerts that a warning names of many.
constexpr std::size_t kNamed = 10;

int cannot(const Error& error) {
    std::cerr << error.to_string() << '\n';
    return kExitCannot;
}

Result<Json> ask(const HttpCall& call) {
    const auto body = body_of(call);
    if (!body) return std::unexpected(body.error());
    if (body->empty()) return Json();
    Json document = Json::parse(*body, nullptr, false);
    if (document.is_discarded()) return fail(call.url + ": the answer is no JSON");
    return document;
}

Result<Json> get(const std::string& url) {
    return ask({.method = "GET", .url = url, .json = {}});
}

/// Who runs the command.
std::string own_name() {
    if (const passwd* entry = ::getpwuid(::getuid())) return entry->pw_name;
    const char* user = std::getenv("USER");
    return user == nullptr ? "" : user;
}

struct Times {
    WallTime from;
    WallTime to;
};

Result<Times> read_times(const SilenceAddOptions& options, WallTime now) {
    Times times{now, now};
    if (!options.start.empty()) {
        const auto start = parse_time(options.start);
        if (!start) return fail("--start: " + start.error().message);
        times.from = *start;
    }
    if (options.duration.empty() == options.until.empty()) {
        return fail(
            "expected either --duration (2h) or --until (2026-01-02T15:04:05Z): a silence "
            "must end");
    }
    if (!options.duration.empty()) {
        const auto duration = parse_duration(options.duration);
        if (!duration) return fail("--duration: " + duration.error().message);
        times.to = times.from + *duration;
    } else {
        const auto until = parse_time(options.until);
        if (!until) return fail("--until: " + until.error().message);
        times.to = *until;
    }
    if (times.to <= times.from) return fail("the silence would end before it begins");
    return times;
}

Json matcher_json(const Matcher& matcher) {
    const Op op = matcher.op();
    return {{"name", matcher.name()},
            {"value", matcher.value()},
            {"isRegex", op == Op::regexp || op == Op::not_regexp},
            {"isEqual", op == Op::equal || op == Op::regexp}};
}

std::string name_of(const Json& alert) {
    const Json& labels = alert.at("labels");
    std::string name = labels.value("alertname", "?");
    for (const char* key : {"target", "instance"}) {
        if (!labels.contains(key)) continue;
        return name + " (" + labels.at(key).get<std::string>() + ")";
    }
    return name;
}

std::string names_of(const std::vector<Json>& alerts) {
    std::string text;
    for (std::size_t i = 0; i < alerts.size() && i < kNamed; ++i) {
        if (i > 0) text += ", ";
        text += name_of(alerts[i]);
    }
    if (alerts.size() > kNamed) text += fmt::format(" and {} more", alerts.size() - kNamed);
    return text;
}

/// What the silence hides, and what of that one should think about twice.
void tell_what_is_hidden(const Json& alerts) {
    if (alerts.empty()) {
        std::cerr << "warning: no alert that fires now matches; is that meant?\n";
        return;
    }
    std::vector<Json> critical;
    std::ranges::copy_if(alerts, std::back_inserter(critical), [](const Json& alert) {
        return alert.at("labels").value("severity", "") == "critical";
    });
    std::cerr << fmt::format(
        "it matches {} that fire{} now: {}\n",
        alerts.size() == 1 ? "1 alert" : fmt::format("{} alerts", alerts.size()),
        alerts.size() == 1 ? "s" : "", names_of(alerts.get<std::vector<Json>>()));
    if (!critical.empty()) {
        std::cerr << fmt::format("warning: {} of them {} critical: {}\n", critical.size(),
                                 critical.size() == 1 ? "is" : "are", names_of(critical));
    }
}

std::string matchers_text(const Json& silence) {
    std::string text;
    for (const Json& matcher : silence.at("matchers")) {
        const bool equal = matcher.value("isEqual", true);
        const bool regex = matcher.at("isRegex").get<bool>();
        if (!text.empty()) text += ' ';
        text += matcher.at("name").get<std::string>();
        text += regex ? (equal ? "=~" : "!~") : (equal ? "=" : "!=");
        text += Json(matcher.at("value")).dump();
    }
    return text;
}

std::size_t count_hidden(const Json& alerts, const std::string& id) {
    return static_cast<std::size_t>(std::ranges::count_if(alerts, [&](const Json& alert) {
        const Json& ids = alert.at("status").at("silencedBy");
        return std::ranges::count(ids, Json(id)) > 0;
    }));
}

/// The one id that begins so.
Result<std::string> whole_id(const std::string& url, const std::string& begin) {
    constexpr std::size_t kIdLength = 36;
    if (begin.size() == kIdLength) return begin;
    const auto silences = get(url + "/api/v2/silences");
    if (!silences) return std::unexpected(silences.error());
    std::vector<std::string> found;
    for (const Json& silence : *silences) {
        if (silence.at("status").at("state") == "expired") continue;
        const std::string id = silence.at("id").get<std::string>();
        if (id.starts_with(begin)) found.push_back(id);
    }
    if (found.size() == 1) return found[0];
    return fail(fmt::format("{}: {} silences begin so, expected one (pilotlight silence list)",
                            begin, found.empty() ? "no" : std::to_string(found.size())));
}

}  // namespace

int silence_add_command(const SilenceAddOptions& options) {
    const auto matchers = read_matcher_words(options.matchers);
    if (!matchers) return cannot(matchers.error());
    const auto times = read_times(options, wall_now());
    if (!times) return cannot(times.error());
    const std::string author = options.author.empty() ? own_name() : options.author;
    if (author.empty()) return cannot(Error("nobody knows who you are, expected --author NAME"));

    Json silence{{"matchers", Json::array()},
                 {"startsAt", format_time(times->from)},
                 {"endsAt", format_time(times->to)},
                 {"createdBy", author},
                 {"comment", options.comment}};
    for (const Matcher& matcher : *matchers)
        silence["matchers"].push_back(matcher_json(matcher));
    const auto alerts = get(options.url + "/api/v2/alerts?" + filter_of(*matchers));
    if (!alerts) return cannot(alerts.error());
    const auto made = ask({.method = "POST",
                           .url = options.url + "/api/v2/silences",
                           .json = silence.dump(-1, ' ', false, Json::error_handler_t::replace)});
    if (!made) return cannot(made.error());
    tell_what_is_hidden(*alerts);
    std::cout << (options.json ? made->dump(2) : made->at("silenceID").get<std::string>()) << '\n';
    return kExitDone;
}

int silence_list_command(const SilenceListOptions& options) {
    const auto matchers = read_matcher_words(options.matchers);
    if (!matchers) return cannot(matchers.error());
    const auto silences = get(options.url + "/api/v2/silences?" + filter_of(*matchers));
    if (!silences) return cannot(silences.error());
    const auto alerts = get(options.url + "/api/v2/alerts?active=false");
    if (!alerts) return cannot(alerts.error());
    Json chosen = Json::array();
    std::vector<std::vector<std::string>> rows{
        {"ID", "STATE", "MATCHERS", "ENDS", "HIDES", "BY", "COMMENT"}};
    for (const Json& silence : *silences) {
        const std::string state = silence.at("status").at("state").get<std::string>();
        if (state == "expired" && !options.expired) continue;
        const std::string id = silence.at("id").get<std::string>();
        rows.push_back({id, state, matchers_text(silence), silence.at("endsAt").get<std::string>(),
                        std::to_string(count_hidden(*alerts, id)),
                        silence.at("createdBy").get<std::string>(),
                        silence.at("comment").get<std::string>()});
        chosen.push_back(silence);
    }
    if (options.json) {
        std::cout << chosen.dump(2) << '\n';
    } else {
        print_table(rows);
    }
    return kExitDone;
}

int silence_expire_command(const SilenceExpireOptions& options) {
    const std::string author = options.author.empty() ? own_name() : options.author;
    Json ended = Json::array();
    for (const std::string& word : options.ids) {
        const auto id = whole_id(options.url, word);
        if (!id) return cannot(id.error());
        const auto done = body_of({.method = "DELETE",
                                   .url = fmt::format("{}/api/v2/silence/{}?{}", options.url, *id,
                                                      form_of({{"by", author}})),
                                   .json = {}});
        if (!done) return cannot(done.error());
        ended.push_back(*id);
        if (!options.json) std::cout << *id << '\n';
    }
    if (options.json) std::cout << ended.dump(2) << '\n';
    return kExitDone;
}

}  // namespace pilotlight::app
