#include "app/web_access.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <utility>

#include "app/logins.h"

namespace pilotlight::app {
namespace {

constexpr auto kLookedAtEvery = std::chrono::seconds(1);

runtime::TlsServerSettings settings_of(const config::WebTlsConfig& tls) {
    static constexpr std::pair<config::ClientAuth, runtime::TlsClientAuth> kAuth[] = {
        {config::ClientAuth::none, runtime::TlsClientAuth::none},
        {config::ClientAuth::request, runtime::TlsClientAuth::request},
        {config::ClientAuth::require_any, runtime::TlsClientAuth::require_any},
        {config::ClientAuth::verify_if_given, runtime::TlsClientAuth::verify_if_given},
        {config::ClientAuth::require_and_verify, runtime::TlsClientAuth::require_and_verify}};
    runtime::TlsServerSettings settings;
    settings.own.cert_file = tls.cert_file;
    settings.own.key_file = tls.key_file;
    settings.own.cert = tls.cert;
    settings.own.key = tls.key;
    settings.own.ca_file = tls.client_ca_file;
    settings.own.ca = tls.client_ca;
    settings.own.min_version = runtime::parse_tls_version(tls.min_version);
    settings.own.max_version = runtime::parse_tls_version(tls.max_version);
    for (const auto& [from, to] : kAuth) {
        if (from == tls.client_auth) settings.client_auth = to;
    }
    settings.cipher_suites = tls.cipher_suites;
    settings.curves = tls.curve_preferences;
    settings.prefers_own_order = tls.prefer_server_cipher_suites;
    return settings;
}

/// A session as the listener reads and writes it.
class Channel final : public exporters::SecureChannel {
  public:
    Channel(std::shared_ptr<const runtime::TlsServer> server, int descriptor)
        : server_(std::move(server)), session_(server_->accept(descriptor)) {}

    Step read(char* to, std::size_t size, std::size_t& count) override {
        return step_of(session_->read(to, size, count));
    }
    Step write(const char* from, std::size_t size, std::size_t& count) override {
        return step_of(session_->write(from, size, count));
    }
    [[nodiscard]] bool has_pending() const override { return session_->has_pending(); }
    void close() override { session_->close(); }

  private:
    static Step step_of(runtime::TlsServerSession::Step step) {
        switch (step) {
            case runtime::TlsServerSession::Step::done:
                return Step::done;
            case runtime::TlsServerSession::Step::wants_read:
                return Step::wants_read;
            case runtime::TlsServerSession::Step::wants_write:
                return Step::wants_write;
            case runtime::TlsServerSession::Step::failed:
                break;
        }
        return Step::failed;
    }

    std::shared_ptr<const runtime::TlsServer> server_;
    std::unique_ptr<runtime::TlsServerSession> session_;
};

/// When the files were last changed, as far as stat can tell.
std::vector<std::int64_t> stamp_of(const std::vector<std::string>& files) {
    std::vector<std::int64_t> stamp;
    for (const std::string& file : files) {
        struct stat status{};
        if (::stat(file.c_str(), &status) != 0) {
            stamp.push_back(-1);
            continue;
        }
        stamp.push_back(static_cast<std::int64_t>(status.st_ino));
        stamp.push_back(status.st_mtim.tv_sec);
        stamp.push_back(status.st_mtim.tv_nsec);
    }
    return stamp;
}

exporters::Response unauthorized() {
    exporters::Response response =
        exporters::error_response(401, "unauthorized", "a user and a password are needed");
    response.headers.emplace_back("WWW-Authenticate", "Basic");
    return response;
}

}  // namespace

struct WebAccess::State {
    std::shared_ptr<const runtime::TlsServer> tls;
    std::vector<exporters::Header> headers;
    std::shared_ptr<Logins> logins;
    /// Every client has shown a certificate that is vouched for.
    bool has_client_certificates = false;
    std::vector<std::string> files;
    std::vector<std::int64_t> stamp;
};

Checked<std::shared_ptr<const WebAccess::State>> WebAccess::load(const std::string& path) {
    auto config = config::load_web_config(path);
    if (!config) return std::unexpected(config.error());
    auto state = std::make_shared<State>();
    state->stamp = stamp_of(config->files);
    state->files = std::move(config->files);
    state->headers = std::move(config->headers);
    state->logins = std::make_shared<Logins>(std::move(config->users));
    if (config->tls) {
        auto server = runtime::TlsServer::make(settings_of(*config->tls));
        if (!server) {
            return std::unexpected(Errors{Error(server.error().message, {path, 1, 1})});
        }
        state->tls = std::move(*server);
        state->has_client_certificates =
            config->tls->client_auth == config::ClientAuth::require_and_verify;
    }
    return std::shared_ptr<const State>(std::move(state));
}

Checked<std::shared_ptr<WebAccess>> WebAccess::make(const std::string& path) {
    auto state = load(path);
    if (!state) return std::unexpected(state.error());
    std::shared_ptr<WebAccess> made(new WebAccess());
    made->path_ = path;
    made->state_ = std::move(*state);
    made->looked_at_ = steady_now();
    return made;
}

std::shared_ptr<const WebAccess::State> WebAccess::current() {
    const std::scoped_lock lock(mutex_);
    const SteadyTime now = steady_now();
    if (now - looked_at_ < kLookedAtEvery) return state_;
    looked_at_ = now;
    std::vector<std::int64_t> stamp = stamp_of(state_->files);
    if (stamp == state_->stamp) return state_;
    auto fresh = load(path_);
    if (fresh) {
        spdlog::info("{} was read anew", path_);
        state_ = std::move(*fresh);
        return state_;
    }
    for (const Error& error : fresh.error())
        spdlog::error("{}; what was read before stays in force", error.to_string());
    // Said once for each edit.
    auto same = std::make_shared<State>(*state_);
    same->stamp = std::move(stamp);
    state_ = std::move(same);
    return state_;
}

bool WebAccess::speaks_tls() {
    return current()->tls != nullptr;
}

std::unique_ptr<exporters::SecureChannel> WebAccess::channel(int descriptor) {
    const std::shared_ptr<const State> state = current();
    if (state->tls == nullptr) return nullptr;
    return std::make_unique<Channel>(state->tls, descriptor);
}

exporters::Response WebAccess::answer(const exporters::HttpServer::Handler& handler,
                                      exporters::Request request) {
    const std::shared_ptr<const State> state = current();
    const bool wants_login = !state->logins->empty();
    const bool is_known = wants_login && state->logins->admits(request.header("Authorization"));
    request.has_login = is_known || (!wants_login && state->has_client_certificates);
    exporters::Response response = wants_login && !is_known ? unauthorized() : handler(request);
    for (const exporters::Header& header : state->headers) {
        std::erase_if(response.headers, [&](const auto& own) { return own.first == header.first; });
        response.headers.push_back(header);
    }
    return response;
}

Errors check_web_config(const std::string& path) {
    const auto made = WebAccess::make(path);
    return made ? Errors{} : made.error();
}

}  // namespace pilotlight::app
