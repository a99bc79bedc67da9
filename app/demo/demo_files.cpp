#include "app/demo/demo_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "app/demo/shipped_rules.h"
#include "app/demo/shorten.h"

namespace pilotlight::app::demo {
namespace {

Result<void> write_file(const std::string& path, std::string_view content) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    file.close();
    if (!file) return fail("cannot write " + path);
    return {};
}

constexpr std::string_view kMainFile =
    R"(# The demo's configuration. Edit it while the demo runs: a good edit is live within a second,
# a bad one changes nothing and is told with its line.
listen: {listen}
data_dir: data
external_url: http://{listen}
external_labels: {{environment: demo}}
defaults: {{interval: 2s, timeout: 1s}}

rule_files: [rules/*.yaml]
alerting_file: alerting.yaml

services:
  - {{name: application, title: LPG Distributor (demo), rto: 2h, depends_on: [backups]}}
  - {{name: website, title: Website certificate, rto: 4h}}
  - {{name: backups, title: Nightly backup, rpo: 15m}}
  - {{name: infrastructure, title: This machine, rto: 8h}}

targets:
  - name: demo-app
    prober: http
    target: http://127.0.0.1:{application}/api/health
    service: application
    interval: 3s
    timeout: 3s
    labels: {{tier: critical}}
    http: {{valid_status_codes: [200], fail_if_body_not_matches_regexp: ['"status":\s*"ok"']}}
  - {{name: demo-app-metrics, prober: scrape, target: "http://127.0.0.1:{application}/metrics", service: application}}
  - {{name: demo-certificate, prober: tls, target: "localhost:{tls}", service: website, tls: {{ca_file: authority.pem}}}}
  - {{name: demo-backup, prober: backup, target: "{folder}/backup/*.gz", service: backups, backup: {{max_age: 8s}}}}
  - {{name: node, prober: host, service: infrastructure}}
)";

constexpr std::string_view kAlertingFile =
    R"(# Alertmanager's format. Slack is played by the demo itself: it prints what the channel would show.
global:
  slack_api_url: http://127.0.0.1:{slack}/services/demo
route:
  receiver: slack-incidents
  group_by: [alertname, target]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 4h
receivers:
  - name: slack-incidents
    slack_configs:
      - channel: '#incidents'
        send_resolved: true
)";

// A gzip file of nothing (RFC 1952): header, empty block, checksum, size.
constexpr std::string_view kEmptyGzip{
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20};

}  // namespace

Result<TemporaryFolder> TemporaryFolder::make(const std::string& prefix) {
    std::error_code error;
    const auto parent = std::filesystem::temp_directory_path(error);
    std::string path = (error ? std::string("/tmp") : parent.string()) + '/' + prefix + "XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
        return fail(fmt::format("cannot make a folder {}: {}", path, std::strerror(errno)));
    }
    return TemporaryFolder(std::move(path));
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Result<void> write_demo_files(const std::string& folder, const std::string& listen,
                              const DemoPorts& ports, const std::string& authority_pem) {
    std::error_code error;
    std::filesystem::create_directories(folder + "/rules", error);
    std::filesystem::create_directories(folder + "/backup", error);
    if (error) return fail(fmt::format("cannot write to {}: {}", folder, error.message()));
    const std::string main_file =
        fmt::format(kMainFile, fmt::arg("listen", listen), fmt::arg("folder", folder),
                    fmt::arg("application", ports.application), fmt::arg("tls", ports.tls));
    std::vector<std::pair<std::string, std::string>> files = {
        {"/pilotlight.yaml", main_file},
        {"/alerting.yaml", fmt::format(kAlertingFile, fmt::arg("slack", ports.slack))},
        {"/authority.pem", authority_pem}};
    for (const ShippedRuleFile& rules : shipped_rules()) {
        files.emplace_back(fmt::format("/rules/{}", rules.name), shorten_times(rules.content));
    }
    for (const auto& [name, content] : files) {
        if (auto written = write_file(folder + name, content); !written) return written;
    }
    return write_heartbeat(folder);
}

Result<void> write_heartbeat(const std::string& folder) {
    return write_file(folder + "/backup/heartbeat.gz", kEmptyGzip);
}

}  // namespace pilotlight::app::demo
