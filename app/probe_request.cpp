#include "app/probe_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "exporters/form.h"
#include "probes/hostname.h"
#include "probes/network.h"
#include "probes/probe.h"

namespace pilotlight::app {
namespace {

using config::ModuleConfig;

constexpr std::string_view kDefaultModule = "http_2xx";
constexpr std::size_t kTargetBytesMax = 8U << 10;
constexpr double kMarginSeconds = 0.5;
constexpr double kSecondsWithoutHeader = 120;
constexpr double kSecondsMax = 600;

std::unexpected<Refusal> refuse(int status, std::string text) {
    return std::unexpected(Refusal{status, std::move(text)});
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    append_escaped_label_value(out, text);
    return out + "\"";
}

bool has_control(std::string_view text) {
    return std::ranges::any_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// Those that need no options and ask something elsewhere.
std::optional<ModuleConfig> module_without_file(const std::string& name) {
    constexpr std::array<std::string_view, 4> kNotRemote{"backup", "heartbeat", "host", "unix"};
    ModuleConfig module;
    module.name = name;
    module.prober = name == kDefaultModule ? "http" : name == "tcp_connect" ? "tcp" : name;
    const bool is_there = probes::find_prober(module.prober) != nullptr &&
                          std::ranges::find(kNotRemote, module.prober) == kNotRemote.end();
    if (!is_there) return std::nullopt;
    return module;
}

std::optional<ModuleConfig> find_module(const config::Config& config, const std::string& name) {
    if (config.modules != nullptr) {
        const auto found = config.modules->find(name);
        if (found != config.modules->end()) return found->second;
    }
    return module_without_file(name);
}

std::expected<probes::PreparedTarget, Refusal> prepare(const ModuleConfig& module,
                                                       const std::string& target,
                                                       const std::string& hostname,
                                                       Duration timeout,
                                                       const config::Limits& limits) {
    config::TargetConfig wanted;
    wanted.name = config::redact_address(target);
    wanted.prober = module.prober;
    wanted.target = Secret(target);
    wanted.interval = timeout;
    wanted.timeout = timeout;
    wanted.options = module.options;
    if (!hostname.empty()) {
        const auto named = probes::set_hostname(hostname, wanted);
        if (!named) return refuse(400, named.error().message);
    }
    auto prepared = probes::prepare_target(wanted, limits);
    if (!prepared) {
        return refuse(400, fmt::format("the module {} cannot be used: {}", quoted(module.name),
                                       prepared.error().front().to_string()));
    }
    // Whoever scrapes gives the labels.
    auto bare = std::make_shared<probes::Target>(*prepared->target);
    bare->labels = Labels{};
    prepared->target = std::move(bare);
    return std::move(*prepared);
}

bool is_allowed(const config::Config& config, const std::string& name) {
    return std::ranges::any_of(config.probe_endpoint.allow,
                               [&](const Regexp& each) { return each.matches(name); });
}

/// Whether a PostgreSQL URL names in its query another host than where it seems to go.
bool goes_elsewhere(std::string_view url) {
    std::string query(url.substr(std::min(url.find('?'), url.size())));
    // A login may have one, too.
    std::ranges::replace(query, '?', '&');
    return std::ranges::any_of(exporters::read_form(query), [](const auto& field) {
        return field.first == "host" || field.first == "hostaddr";
    });
}

}  // namespace

std::expected<Duration, Refusal> probe_timeout(std::string_view scrape_timeout,
                                               const std::optional<Duration>& of_module) {
    double seconds = 0;
    if (!scrape_timeout.empty()) {
        const char* const end = scrape_timeout.data() + scrape_timeout.size();
        const auto [read_to, error] = std::from_chars(scrape_timeout.data(), end, seconds);
        if (error != std::errc{} || read_to != end || std::isnan(seconds)) {
            return refuse(500, "Failed to parse timeout from Prometheus header: parsing " +
                                   quoted(scrape_timeout) + ": invalid syntax");
        }
    }
    if (seconds == 0) seconds = kSecondsWithoutHeader;
    const double room = seconds - kMarginSeconds;
    const double own = of_module ? probes::seconds_of(*of_module) : 0;
    // As in blackbox_exporter a scraper that waits for less than the margin does not count.
    const bool own_counts = (own > 0 && own < room) || room <= 0;
    const double taken = std::clamp(own_counts ? own : room, 0.001, kSecondsMax);
    return Duration(static_cast<std::int64_t>(std::llround(taken * 1000)));
}

std::expected<ProbeRequest, Refusal> read_probe_request(const exporters::Request& request,
                                                        const config::Config& config,
                                                        bool anything) {
    ProbeRequest read;
    read.module = request.parameter("module");
    if (read.module.empty()) read.module = kDefaultModule;
    auto module = find_module(config, read.module);
    if (!module) return refuse(400, "Unknown module " + quoted(read.module));
    const auto timeout =
        probe_timeout(request.header("X-Prometheus-Scrape-Timeout-Seconds"), module->timeout);
    if (!timeout) return std::unexpected(timeout.error());
    const std::string target(request.parameter("target"));
    if (target.empty()) return refuse(400, "Target parameter is missing");
    if (target.size() > kTargetBytesMax || has_control(target)) {
        return refuse(400, "the target is no address");
    }
    read.target = config::redact_address(target);
    read.is_open = is_allowed(config, target);
    if (!anything && !read.is_open) {
        return refuse(403,
                      "only a client on loopback may have this target probed, or one that "
                      "probe_endpoint allows");
    }
    if (probes::find_prober(module->prober) == nullptr) {
        return refuse(400, "Unknown prober " + quoted(module->prober));
    }
    const std::string hostname(request.parameter("hostname"));
    if (has_control(hostname)) return refuse(400, "the hostname is no name of a host");
    if (!anything && !hostname.empty() && !is_allowed(config, hostname)) {
        return refuse(
            403,
            "only a client on loopback may give this hostname, or one that probe_endpoint "
            "allows");
    }
    if (!anything && module->prober == "postgres" && goes_elsewhere(target)) {
        return refuse(403, "only a client on loopback may name a host in the query of this target");
    }
    auto prepared = prepare(*module, target, hostname, *timeout, config.limits);
    if (!prepared) return std::unexpected(std::move(prepared.error()));
    read.debug = anything && request.parameter("debug") == "true";
    read.prepared = std::move(*prepared);
    return read;
}

}  // namespace pilotlight::app
