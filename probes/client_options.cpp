#include "probes/client_options.h"

#include <fstream>

#include "config/options.h"
#include "runtime/blocking.h"
#include "runtime/failure.h"
#include "runtime/services.h"
#include "runtime/url.h"

namespace pilotlight::probes {
namespace {

template <auto Member, class Section>
void read_path_into(const Node& node, Section& section, Errors& errors) {
    read_path(node, section.*Member, errors);
}

struct BasicAuth {
    Secret username;
    Secret password;
    std::string password_file;
};

constexpr config::Option<BasicAuth> kBasicAuthOptions[] = {
    config::option<&BasicAuth::username>("username", "", "the user"),
    config::option<&BasicAuth::password>("password", "", "the password"),
    config::option_read_by<BasicAuth>(read_path_into<&BasicAuth::password_file, BasicAuth>,
                                      "password_file", "path", "", "a file with the password"),
};

struct Authorization {
    std::string type = "Bearer";
    Secret credentials;
    std::string credentials_file;
};

constexpr config::Option<Authorization> kAuthorizationOptions[] = {
    config::option<&Authorization::type>("type", "Bearer", "the scheme"),
    config::option<&Authorization::credentials>("credentials", "", "the token"),
    config::option_read_by<Authorization>(
        read_path_into<&Authorization::credentials_file, Authorization>, "credentials_file", "path",
        "", "a file with the token"),
};

void refuse_both(const Node& node, const SecretOrFile& source, std::string_view key,
                 Errors& errors) {
    if (source.text.empty() || source.file.empty()) return;
    errors.push_back(node.error(fmt::format("expected {0} or {0}_file, got both", key)));
}

Result<Secret> read_secret_file(const std::string& path) {
    constexpr std::size_t kMostBytes = 64 * 1024;
    std::ifstream file(path, std::ios::binary);
    std::string text(kMostBytes, '\0');
    if (!file.is_open()) return fail(fmt::format("{}: cannot be opened", path));
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad()) return fail(fmt::format("{}: cannot be read", path));
    text.resize(static_cast<std::size_t>(file.gcount()));
    while (text.ends_with('\n') || text.ends_with('\r'))
        text.pop_back();
    return Secret(std::move(text));
}

}  // namespace

void read_path(const Node& node, std::string& path, Errors& errors) {
    config::read_value(node, path, errors);
    if (!path.empty()) path = path_beside(node, path);
}

void read_basic_auth(const Node& node, HttpLogin& login, Errors& errors) {
    BasicAuth read;
    config::read_options(node, kBasicAuthOptions, read, errors);
    login.username = std::move(read.username);
    login.secret = {std::move(read.password), std::move(read.password_file)};
    refuse_both(node, login.secret, "password", errors);
}

void read_authorization(const Node& node, HttpLogin& login, Errors& errors) {
    Authorization read;
    config::read_options(node, kAuthorizationOptions, read, errors);
    if (!login.empty()) {
        errors.push_back(node.error("expected basic_auth or authorization, got both"));
    }
    login.type = std::move(read.type);
    login.secret = {std::move(read.credentials), std::move(read.credentials_file)};
    refuse_both(node, login.secret, "credentials", errors);
}

boost::asio::awaitable<std::expected<Secret, Outcome>> load_secret(runtime::Services& services,
                                                                   SecretOrFile source,
                                                                   runtime::Deadline deadline) {
    if (source.file.empty()) co_return std::move(source.text);
    std::function<Result<Secret>()> call = [path = source.file] { return read_secret_file(path); };
    Result<Secret> secret =
        co_await runtime::run_blocking(services.blocking(), deadline, std::move(call));
    if (!secret) {
        co_return std::unexpected(
            Outcome::unknown("credentials", "unreadable", secret.error().message));
    }
    co_return std::move(*secret);
}

Secret authorization_of(const HttpLogin& login, const Secret& secret) {
    if (login.type.empty()) return runtime::basic_authorization(login.username, secret);
    return Secret(login.type + " " + secret.reveal());
}

Outcome outcome_of(runtime::Failure failure, std::string_view phase) {
    if (failure.phase.empty()) failure.phase = phase;
    return outcome_of(std::move(failure));
}

}  // namespace pilotlight::probes
