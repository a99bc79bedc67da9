#include "app/demo/demo_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <iostream>
#include <mutex>
#include <nlohmann/json.hpp>

#include "app/command_line.h"
#include "app/daemon.h"
#include "app/demo/application.h"
#include "app/demo/demo_files.h"
#include "app/demo/faults.h"
#include "app/demo/keys.h"
#include "app/demo/slack_console.h"
#include "app/demo/tls_server.h"
#include "app/log.h"
#include "config/config.h"
#include "exporters/http_server.h"
#include "runtime/loop.h"
#include "runtime/tls_authority.h"

namespace pilotlight::app::demo {
namespace {

namespace asio = boost::asio;
using exporters::Request;
using exporters::Response;

constexpr Duration kFaultLength{20'000};
constexpr Duration kFaultLengthMax{600'000};
constexpr Duration kShowAfter{8'000};
constexpr Duration kWorldStep{200};
constexpr std::string_view kFaultPath = "/demo/fault/";

/// Lines of several threads, whole.
class Console {
  public:
    void print(const std::string& text) {
        const std::scoped_lock lock(mutex_);
        std::cout << text << std::flush;
    }
    [[nodiscard]] bool in_color() const { return color_; }

  private:
    std::mutex mutex_;
    bool color_ = ::isatty(STDOUT_FILENO) != 0;
};

struct Certificates {
    runtime::IssuedCertificate good;
    runtime::IssuedCertificate expiring;
    runtime::IssuedCertificate expired;
};

Result<Certificates> issue_certificates(const runtime::CertificateAuthority& authority,
                                        WallTime now) {
    using std::chrono::hours;
    const std::vector<std::string> names = {"localhost", "127.0.0.1"};
    auto good = authority.issue(names, now - hours(24), now + hours(24 * 45));
    auto expiring = authority.issue(names, now - hours(24 * 80), now + hours(24 * 10));
    auto expired = authority.issue(names, now - hours(24 * 90), now - hours(1));
    for (const auto* issued : {&good, &expiring, &expired}) {
        if (!*issued) return std::unexpected(issued->error());
    }
    return Certificates{std::move(*good), std::move(*expiring), std::move(*expired)};
}

/// The world around the demo's application: what its faults do besides its answers.
class World {
  public:
    World(runtime::Loop& loop, const Faults& faults, std::string folder, Certificates certificates)
        : timer_(loop.executor()),
          faults_(faults),
          folder_(std::move(folder)),
          certificates_(std::move(certificates)) {}

    Result<void> start(runtime::Loop& loop) {
        auto server = TlsServer::start(loop.executor(), certificates_.good);
        if (!server) return std::unexpected(server.error());
        tls_server_ = std::move(*server);
        return {};
    }
    [[nodiscard]] int tls_port() const { return tls_server_->port(); }

    /// Thread: the loop's.
    void step() {
        const SteadyTime now = steady_now();
        if (!faults_.is_on("backup-stale", now) && now >= next_heartbeat_) {
            next_heartbeat_ = now + std::chrono::seconds(1);
            (void)write_heartbeat(folder_);  // a heartbeat that fails is what is watched for
        }
        const runtime::IssuedCertificate& wanted =
            faults_.is_on("certificate-expired", now)    ? certificates_.expired
            : faults_.is_on("certificate-expiring", now) ? certificates_.expiring
                                                         : certificates_.good;
        if (&wanted != presented_ && tls_server_->present(wanted)) presented_ = &wanted;
        timer_.expires_after(kWorldStep);
        timer_.async_wait([this](const boost::system::error_code& error) {
            if (!error) step();
        });
    }
    /// Thread: the loop's.
    void stop() {
        timer_.cancel();
        tls_server_.reset();
    }

  private:
    asio::steady_timer timer_;
    const Faults& faults_;
    std::string folder_;
    Certificates certificates_;
    std::unique_ptr<TlsServer> tls_server_;
    const runtime::IssuedCertificate* presented_ = nullptr;
    SteadyTime next_heartbeat_{};
};

/// Switches faults and says so.
class Switches {
  public:
    Switches(Faults& faults, Console& console) : faults_(faults), console_(console) {}

    bool on(std::string_view name, Duration length) {
        if (!faults_.switch_on(name, steady_now() + length)) return false;
        console_.print(fmt::format("\n  fault {} is ON for {}\n", name, format_duration(length)));
        return true;
    }
    bool off(std::string_view name) {
        if (!faults_.switch_off(name)) return false;
        console_.print(fmt::format("\n  fault {} is off\n", name));
        return true;
    }
    void toggle(std::string_view name) {
        if (faults_.is_on(name, steady_now())) {
            off(name);
        } else {
            on(name, kFaultLength);
        }
    }

    /// POST switches on (`?for=30s`), or off with `?for=0`; DELETE switches off.
    Response answer(const Request& request) {
        const std::string name = request.path.substr(kFaultPath.size());
        Duration length = kFaultLength;
        if (const std::string_view given = request.parameter("for"); !given.empty()) {
            const auto parsed = parse_duration(given);
            if (!parsed || *parsed > kFaultLengthMax) {
                return exporters::error_response(
                    400, "bad_data",
                    fmt::format("for: expected a duration up to {}, such as 30s",
                                format_duration(kFaultLengthMax)));
            }
            length = *parsed;
        }
        const bool off_wanted = request.method == "DELETE" || length.count() == 0;
        if (!(off_wanted ? off(name) : on(name, length))) {
            std::vector<std::string_view> names;
            for (const FaultKind& kind : fault_kinds())
                names.push_back(kind.name);
            return exporters::error_response(
                404, "not_found",
                fmt::format("no fault \"{}\", expected one of: {}", name, fmt::join(names, ", ")));
        }
        return list();
    }

    Response list() const {
        nlohmann::ordered_json faults = nlohmann::ordered_json::array();
        for (const FaultKind& kind : fault_kinds()) {
            faults.push_back({{"name", kind.name},
                              {"description", kind.description},
                              {"alert", kind.alert},
                              {"on", faults_.is_on(kind.name, steady_now())}});
        }
        return exporters::json_response(200, nlohmann::ordered_json{{"faults", faults}}.dump());
    }

  private:
    Faults& faults_;
    Console& console_;
};

std::vector<exporters::ExtraRoute> routes_of(Switches& switches) {
    const auto answer = [&switches](const Request& request) { return switches.answer(request); };
    return {{.method = "POST",
             .path = std::string(kFaultPath),
             .access = exporters::Access::change,
             .handle = answer},
            {.method = "DELETE",
             .path = std::string(kFaultPath),
             .access = exporters::Access::change,
             .handle = answer},
            {.method = "GET",
             .path = "/demo/faults",
             .access = exporters::Access::read,
             .handle = [&switches](const Request&) { return switches.list(); }}};
}

std::string introduction(int port, const std::string& folder, bool keys) {
    std::string text = fmt::format(
        "\n  Pilotlight watches a small application, its certificate, its backup and this "
        "machine.\n"
        "  Status page   http://127.0.0.1:{}/\n"
        "  Its files     {}  (edit the rules: a good edit is live within a second)\n\n",
        port, folder);
    char key = '1';
    for (const FaultKind& kind : fault_kinds()) {
        text += fmt::format("  {}{:<22} {:<52} {}\n", keys ? fmt::format("{}  ", key) : "",
                            kind.name, kind.description, kind.alert);
        ++key;
    }
    return text + fmt::format("\n  {}curl -X POST http://127.0.0.1:{}{}NAME\n{}\n",
                              keys ? "Press a digit to switch a fault, or  " : "", port, kFaultPath,
                              keys ? "  q ends.\n" : "");
}

Response slack_answer(const Request& request, Console& console) {
    console.print(render_slack_message(request.body, wall_now(), console.in_color()));
    return exporters::text_response(200, "ok");
}

}  // namespace

int demo_command(const DemoOptions& options) {
    log_to_stderr();
    const auto cannot = [](const Error& error) {
        print_errors({error});
        return kExitCannot;
    };
    auto listen = config::parse_listen(options.listen);
    if (!listen) return cannot(listen.error());
    auto folder = TemporaryFolder::make("pilotlight-demo-");
    if (!folder) return cannot(folder.error());
    const WallTime now = wall_now();
    const auto day = std::chrono::hours(24);
    auto authority =
        runtime::CertificateAuthority::make("Pilotlight demo", now - 100 * day, now + 100 * day);
    if (!authority) return cannot(authority.error());
    auto certificates = issue_certificates(*authority, now);
    if (!certificates) return cannot(certificates.error());

    Console console;
    Faults faults;
    Switches switches(faults, console);
    Application application(faults, steady_now());
    auto app_server = exporters::HttpServer::start(
        "127.0.0.1", 0,
        [&application](const Request& request) { return application.handle(request); });
    if (!app_server) return cannot(app_server.error());
    auto slack_server = exporters::HttpServer::start(
        "127.0.0.1", 0,
        [&console](const Request& request) { return slack_answer(request, console); });
    if (!slack_server) return cannot(slack_server.error());

    runtime::Loop loop("demo");
    World world(loop, faults, folder->path(), std::move(*certificates));
    if (auto started = world.start(loop); !started) return cannot(started.error());
    const DemoPorts ports{.application = (*app_server)->port(),
                          .tls = world.tls_port(),
                          .slack = (*slack_server)->port()};
    if (auto written =
            write_demo_files(folder->path(), options.listen, ports, authority->certificate_pem());
        !written) {
        return cannot(written.error());
    }
    loop.start();
    loop.post([&world] { world.step(); });

    DaemonOptions daemon_options;
    daemon_options.config = folder->path() + "/pilotlight.yaml";
    daemon_options.extra_routes = routes_of(switches);
    auto daemon = Daemon::start(std::move(daemon_options));
    int code = kExitDone;
    if (daemon) {
        asio::steady_timer show(loop.executor(), kShowAfter);
        if (options.show) {
            show.async_wait([&](const boost::system::error_code& error) {
                if (!error) switches.on("app-down", kFaultLength);
            });
        }
        {
            const Keys keys([&](char key) {
                const auto index = static_cast<std::size_t>(key - '1');
                if (key == 'q') (*daemon)->quit();
                if (index < fault_kinds().size()) switches.toggle(fault_kinds()[index].name);
            });
            console.print(introduction((*daemon)->port(), folder->path(), keys.active()));
            (*daemon)->wait();
        }
        (*daemon)->stop();
        loop.ask([&] { show.cancel(); }, Duration{1'000});
    } else {
        print_errors(daemon.error());
        code = kExitCannot;
    }
    loop.ask([&world] { world.stop(); }, Duration{1'000});
    loop.stop();
    loop.join();
    return code;
}

}  // namespace pilotlight::app::demo
