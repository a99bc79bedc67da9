// Requests of anybody: the pages, Prometheus's API, Alertmanager's API. An input is a request as it
// is on the wire, without the version: `POST /api/v2/silences`, headers, an empty line, the body.
#include <chrono>

#include "alerting/dispatcher.h"
#include "config/yaml.h"
#include "core/check.h"
#include "exporters/alertmanager_api/routes.h"
#include "exporters/form.h"
#include "exporters/query/parameters.h"
#include "exporters/site.h"

namespace pilotlight::fuzz {

namespace {

using exporters::Request;
using exporters::alertmanager_api::AlertDesk;
using exporters::alertmanager_api::Author;

const WallTime kNow{std::chrono::hours(490'000)};

std::string_view cut_to(std::string_view& text, std::string_view end) {
    const std::size_t at = text.find(end);
    const std::string_view part = text.substr(0, at);
    text.remove_prefix(at == text.npos ? text.size() : at + end.size());
    return part;
}

Request read_request(std::string_view input) {
    Request request;
    std::string_view head = cut_to(input, "\n\n");
    request.body = input;
    std::string_view line = cut_to(head, "\n");
    request.method = cut_to(line, " ");
    request.path = cut_to(line, "?");
    request.parameters = exporters::read_form(line);
    while (!head.empty()) {
        std::string_view field = cut_to(head, "\n");
        const std::string_view name = cut_to(field, ": ");
        request.headers.emplace_back(name, field);
    }
    request.remote_address = request.header("X-Peer").empty() ? "127.0.0.1" : "192.0.2.7";
    return request;
}

alerting::SharedRouting routing() {
    static const auto shared = [] {
        const auto root = config::parse_yaml(R"(
route: {receiver: ops, group_by: [job]}
receivers: [{name: ops}])",
                                             "alerting.yaml");
        return *alerting::read_alerting_config(*root);
    }();
    return shared;
}

/// The alerting half, one for each input.
class Desk {
  public:
    Desk() : dispatcher_(routing(), {}) {}

    AlertDesk desk() {
        AlertDesk desk;
        desk.view = [this] {
            return std::make_shared<const alerting::AlertingView>(dispatcher_.view(kNow));
        };
        desk.put_silence = [this](alerting::Silence wanted,
                                  const Author&) -> std::optional<AlertDesk::Put> {
            return dispatcher_.silences().put(std::move(wanted), kNow);
        };
        desk.expire_silence = [this](const std::string& id,
                                     const Author&) -> std::optional<AlertDesk::Expire> {
            auto expired = dispatcher_.silences().expire(id, kNow);
            if (!expired) return std::unexpected(expired.error());
            return AlertDesk::Expire();
        };
        desk.post_alerts = [this](const std::vector<alerting::PostedAlert>& posted) {
            auto change = outside_.post(posted, kNow, std::chrono::minutes(5));
            dispatcher_.accept(change.alerts, kNow, alerting::Dispatcher::Origin::outside);
            return std::optional(std::move(change.refused));
        };
        return desk;
    }

  private:
    alerting::Dispatcher dispatcher_;
    alerting::OutsideAlerts outside_;
};

exporters::SharedSnapshot snapshot() {
    static const auto shared = [] {
        exporters::Snapshot made;
        made.at = made.started_at = kNow;
        made.targets.emplace_back().name = "api";
        made.services.emplace_back().name = "shop";
        exporters::RuleGroupView group;
        group.name = "g";
        group.rules.emplace_back().name = "Up";
        made.rule_groups.push_back(group);
        return std::make_shared<const exporters::Snapshot>(std::move(made));
    }();
    return shared;
}

exporters::Site site(Desk& desk) {
    exporters::Site site;
    site.snapshot = snapshot;
    site.own_metrics = [] { return nullptr; };
    site.reload = [] { return std::vector<std::string>{}; };
    site.quit = [] {};
    site.extra = exporters::alertmanager_api::routes(desk.desk(), {});
    site.host_names = {"pilotlight.example.com"};
    return site;
}

void read_parameters(const Request& request) {
    static_cast<void>(query::limit_of(request));
    static_cast<void>(query::required_time(request, "time"));
    static_cast<void>(query::optional_duration(request, "step", Duration::zero()));
}

}  // namespace

void http_request(std::string_view input) {
    const Request request = read_request(input);
    Desk desk;
    const auto response = exporters::handle(request, site(desk), kNow);
    PILOT_CHECK(response.status >= 200 && response.status < 600);
    for (const auto& [name, value] : response.headers)
        PILOT_CHECK(value.find_first_of("\r\n") == std::string::npos);
    read_parameters(request);
}

}  // namespace pilotlight::fuzz
