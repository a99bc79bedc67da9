#include "tests/exporters/made_up.h"

#include <chrono>
#include <utility>

namespace pilotlight::exporters::made_up {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kDay = hours(24);

TargetView probed(TargetView view, WallTime now, std::string instance, Duration up_for,
                  Duration took) {
    view.instance = std::move(instance);
    view.since = now - up_for;
    view.last_probe_at = now - seconds(4);
    view.last_duration = took;
    return view;
}

ServiceView service(std::string name, std::string title, std::vector<std::string> targets,
                    WallTime since) {
    ServiceView view;
    view.name = std::move(name);
    view.title = std::move(title);
    view.health = Health::up;
    view.since = since;
    view.targets = std::move(targets);
    return view;
}

void fail_target(TargetView& target, WallTime since, std::string phase, std::string reason,
                 std::string detail) {
    target.health = Health::down;
    target.since = since;
    target.phase = std::move(phase);
    target.reason = std::move(reason);
    target.detail = std::move(detail);
}

/// What a probe saw that `target` fails by.
void show_evidence(TargetView& target, Evidence evidence, WallTime at) {
    evidence.at = at;
    auto failure = std::make_shared<FailureView>();
    failure->at = at;
    failure->phase = target.phase;
    failure->reason = target.reason;
    failure->detail = target.detail;
    failure->evidence = std::make_shared<const Evidence>(std::move(evidence));
    target.last_failure = std::move(failure);
}

TlsEvidence::Certificate certificate(std::string subject, std::string issuer, WallTime from,
                                     WallTime until) {
    TlsEvidence::Certificate made;
    made.subject = std::move(subject);
    made.issuer = std::move(issuer);
    made.serial = "04d2162e";
    made.fingerprint_sha256 = std::string(64, 'a');
    made.not_before = from;
    made.not_after = until;
    return made;
}

Evidence bad_answer(WallTime now) {
    using ms = std::chrono::milliseconds;
    Evidence evidence;
    evidence.addresses = {{"2001:db8:10::5", true, "[2001:db8:10::5]:443: Network is unreachable"},
                          {"192.0.2.10", true, ""},
                          {"192.0.2.11", false, ""}};
    evidence.phases = {{"resolve", ms(12)},
                       {"connect", ms(31)},
                       {"tls", ms(44)},
                       {"processing", ms(210)},
                       {"transfer", ms(2)}};
    TlsEvidence& tls = evidence.tls.emplace();
    tls.version = "TLS 1.3";
    tls.cipher = "TLS_AES_128_GCM_SHA256";
    tls.alpn = "h2";
    tls.verified = true;
    tls.chain = {certificate("CN=lpg-distributor.com", "CN=R11,O=Let's Encrypt,C=US",
                             now - 69 * kDay, now + 21 * kDay),
                 certificate("CN=R11,O=Let's Encrypt,C=US", "CN=ISRG Root X1,O=ISRG,C=US",
                             now - 600 * kDay, now + 380 * kDay)};
    tls.chain[0].names = {"lpg-distributor.com", "www.lpg-distributor.com"};
    evidence.status_line = "HTTP/2 503";
    evidence.headers = {{"content-type", "application/json"},
                        {"retry-after", "30"},
                        {"set-cookie", "<secret>"},
                        {"server", "nginx"}};
    evidence.body = R"({"status": "down", "components": {"db": "connection pool exhausted"}})";
    evidence.body_bytes = evidence.body.size();
    return evidence;
}

std::vector<TargetView> all_targets(WallTime now) {
    using ms = std::chrono::milliseconds;
    std::vector<TargetView> targets{
        probed(target("lpg-api", "http", "application"), now,
               "https://lpg-distributor.com/api/health", 41 * kDay, ms(142)),
        probed(target("site-certificate", "tls", "application"), now, "lpg-distributor.com:443",
               41 * kDay, ms(96)),
        probed(target("app-metrics", "scrape", "application"), now,
               "https://lpg-distributor.com/metrics", 12 * kDay, ms(58)),
        probed(target("primary-database", "postgres", "database"), now,
               "db1.lpg.internal:5432/orders", 41 * kDay, ms(11)),
        probed(target("replica-database", "postgres", "database"), now,
               "db2.lpg.internal:5432/orders", 9 * kDay, ms(13)),
        probed(target("cache", "redis", "cache"), now, "cache.lpg.internal:6379", 41 * kDay, ms(2)),
        probed(target("nightly-dump", "backup", "backups"), now, "/backup/*.sql.gz", 12 * kDay,
               ms(7)),
        probed(target("node", "host"), now, "lpg-web-1", 41 * kDay, ms(5)),
        probed(target("payment-gateway", "tcp"), now, "gateway.example.net:443", 3 * kDay, ms(31)),
    };
    targets[1].interval = hours(1);
    targets[1].last_probe_at = now - minutes(12);
    return targets;
}

RuleGroupView rule_group(WallTime now) {
    RuleGroupView group;
    group.name = "critical";
    group.file = "rules/shipped/critical.yaml";
    group.interval = seconds(15);
    RuleView rule;
    rule.name = "DatabaseConnectionFailure";
    rule.expression = "pg_up == 0";
    rule.hold = minutes(1);
    rule.labels = Labels{{"severity", "critical"}};
    rule.health = "ok";
    rule.last_evaluation = now - seconds(3);
    rule.evaluation_time = std::chrono::microseconds(38);
    group.rules.push_back(std::move(rule));
    RuleView recorded;
    recorded.name = "service:probe_success:avg5m";
    recorded.alerting = false;
    recorded.expression = "avg by (service) (avg_over_time(probe_success[5m]))";
    recorded.health = "ok";
    recorded.last_evaluation = now - seconds(9);
    group.rules.push_back(std::move(recorded));
    return group;
}

}  // namespace

SharedBatch batch(const std::vector<Series>& series, std::vector<MetricFamily> families) {
    auto made = std::make_shared<SampleBatch>();
    made->at = kNow;
    for (const Series& one : series) {
        std::vector<Label> labels{{kMetricName, one.name}};
        for (const auto& [name, value] : one.labels)
            labels.push_back({name, value});
        made->samples.push_back({Labels::from(labels), one.value});
    }
    made->families = std::move(families);
    return made;
}

TargetView target(std::string name, std::string prober, std::string service) {
    TargetView view;
    view.labels = Labels{{"target", name}, {"prober", prober}, {"service", service}};
    view.name = std::move(name);
    view.prober = std::move(prober);
    view.service = std::move(service);
    view.interval = seconds(15);
    view.timeout = seconds(5);
    view.health = Health::up;
    view.since = kNow - hours(1);
    view.last_probe_at = kNow - seconds(5);
    view.last_duration = std::chrono::milliseconds(20);
    return view;
}

Alert firing(std::string name, std::string severity, std::string service, std::string summary,
             Duration ago) {
    Alert alert;
    alert.labels = Labels{{kAlertName, name}, {"severity", severity}, {"service", service}};
    alert.annotations = Labels{
        {"summary", summary},
        {"runbook_url", "https://wiki.example.com/runbooks/" + name},
    };
    alert.state = AlertState::firing;
    alert.active_at = kNow - ago - minutes(1);
    alert.fired_at = kNow - ago;
    alert.value = 1;
    return alert;
}

Snapshot calm(WallTime now) {
    Snapshot snapshot;
    snapshot.at = now;
    snapshot.started_at = now - 9 * kDay - hours(4);
    snapshot.title = "LPG Distributor";
    snapshot.external_url = "https://status.example.com";
    snapshot.services = {
        service("application", "LPG Distributor", {"lpg-api", "site-certificate", "app-metrics"},
                now - 41 * kDay),
        service("database", "PostgreSQL", {"primary-database", "replica-database"}, now - 9 * kDay),
        service("cache", "Redis", {"cache"}, now - 41 * kDay),
        service("backups", "Backups", {"nightly-dump"}, now - 12 * kDay),
    };
    snapshot.services[0].rto = hours(2);
    snapshot.services[0].depends_on = {"database", "cache"};
    snapshot.services[1].rto = hours(2);
    snapshot.services[1].rpo = minutes(15);
    snapshot.services[2].rto = hours(4);
    snapshot.targets = all_targets(now);
    snapshot.rule_groups = {rule_group(now)};
    snapshot.receivers = {{"development-team", "slack", 0, now - hours(30), ""},
                          {"on-call", "pagerduty", 0, now - hours(30), ""}};
    snapshot.reload = {true, now - hours(5), now - hours(5), {}};
    snapshot.series = 1284;
    return snapshot;
}

Snapshot outage(WallTime now) {
    Snapshot snapshot = calm(now);
    fail_target(snapshot.targets[3], now - minutes(7), "connect", "refused",
                "db1.lpg.internal:5432 refused the connection");
    snapshot.services[1].health = Health::degraded;
    snapshot.services[1].since = now - minutes(7);
    fail_target(snapshot.targets[0], now - minutes(6), "response", "status",
                "the status is 503, expected 200");
    show_evidence(snapshot.targets[0], bad_answer(now), now - seconds(4));
    snapshot.services[0].health = Health::down;
    snapshot.services[0].since = now - minutes(6);
    Evidence refusal;
    refusal.addresses = {{"10.20.0.11", true, "10.20.0.11:5432: Connection refused"}};
    refusal.phases = {{"resolve", std::chrono::microseconds(800)}};
    show_evidence(snapshot.targets[3], std::move(refusal), now - seconds(4));
    snapshot.targets[8].unknown_since = now - minutes(2);
    snapshot.targets[8].phase = "resolve";
    snapshot.targets[8].reason = "resolver_unreachable";
    snapshot.targets[8].detail = "no name server answers, so gateway.example.net cannot be found";
    const Duration shift = now - kNow;
    snapshot.alerts = {
        firing("CertificateExpiringSoon", "warning", "application",
               "The certificate of lpg-distributor.com:443 ends in 21 days", hours(26)),
        firing("DatabaseConnectionFailure", "critical", "database",
               "primary-database does not accept connections", minutes(6)),
        firing("HighMemoryUsage", "warning", "", "Memory of lpg-web-1 is used to 91 %",
               minutes(48)),
        firing("ApplicationDown", "critical", "application",
               "LPG Distributor has not answered for over 2 minutes", minutes(4)),
    };
    snapshot.alerts.push_back(
        firing("ResponseTimeHigh", "warning", "application", "lpg-api answers in 2.4 s", {}));
    snapshot.alerts.back().state = AlertState::pending;
    snapshot.alerts.back().fired_at.reset();
    for (Alert& alert : snapshot.alerts) {
        alert.active_at += shift;
        if (alert.fired_at) *alert.fired_at += shift;
    }
    snapshot.rule_groups[0].rules[0].alerts = {1};
    snapshot.receivers[0].pending = 3;
    snapshot.receivers[0].last_error = "HTTP 429 from hooks.slack.com; next attempt in 30 s";
    snapshot.receivers[1].last_delivered = now - minutes(4);
    snapshot.outbox_pending = 3;
    snapshot.reload.successful = false;
    snapshot.reload.last_attempt = now - minutes(20);
    snapshot.reload.errors = {
        "rules/team.yaml:14:11: unknown key \"exprr\", did you mean \"expr\"?"};
    return snapshot;
}

Site site_of(Snapshot snapshot) {
    Site site;
    site.snapshot = [shared = std::make_shared<const Snapshot>(std::move(snapshot))] {
        return shared;
    };
    site.version = "0.1.0";
    site.revision = "abc1234";
    return site;
}

Request get(std::string path, std::vector<Header> headers) {
    Request request;
    request.path = std::move(path);
    request.headers = std::move(headers);
    request.remote_address = "127.0.0.1";
    return request;
}

Request post(std::string path, std::vector<Header> headers) {
    Request request = get(std::move(path), std::move(headers));
    request.method = "POST";
    return request;
}

std::string header_of(const Response& response, std::string_view name) {
    for (const Header& header : response.headers) {
        if (header.first == name) return header.second;
    }
    return {};
}

}  // namespace pilotlight::exporters::made_up
