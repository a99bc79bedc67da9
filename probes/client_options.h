#pragma once

#include <boost/asio/awaitable.hpp>

#include <expected>
#include <string>

#include "config/options.h"
#include "core/document.h"
#include "core/error.h"
#include "core/secret.h"
#include "probes/network.h"
#include "probes/probe.h"
#include "runtime/deadline.h"

namespace pilotlight::runtime {
class Services;
struct Failure;
}  // namespace pilotlight::runtime

/// What several probers' options have in common, in Prometheus's forms.
namespace pilotlight::probes {

/// A secret that stands in the configuration, or in a file that is read anew at every probe, so
/// that a rotated one is in use at once.
struct SecretOrFile {
    Secret text;
    std::string file;

    [[nodiscard]] bool empty() const { return text.empty() && file.empty(); }
};

/// `path` of a file in a section, relative to the folder of the file that holds the section.
void read_path(const Node& node, std::string& path, Errors& errors);

/// The secret, without a newline at its end. Fails as unknown: that our own file cannot be read
/// says nothing of the target. `services` outlives the call.
[[nodiscard]] boost::asio::awaitable<std::expected<Secret, Outcome>> load_secret(
    runtime::Services& services, SecretOrFile source, runtime::Deadline deadline);

/// `basic_auth: {username, password, password_file}` or `authorization: {type, credentials,
/// credentials_file}`.
struct HttpLogin {
    Secret username;
    /// "Bearer", ...; empty for basic authorization.
    std::string type;
    SecretOrFile secret;

    [[nodiscard]] bool empty() const { return username.empty() && secret.empty(); }
};
void read_basic_auth(const Node& node, HttpLogin& login, Errors& errors);
void read_authorization(const Node& node, HttpLogin& login, Errors& errors);

/// Rows for sections that have a `login`.
template <class Section>
constexpr config::Option<Section> basic_auth_row() {
    return config::option_read_by<Section>(
        [](const Node& node, Section& out, Errors& errors) {
            read_basic_auth(node, out.login, errors);
        },
        "basic_auth", "section", "", "username, and password or password_file");
}
template <class Section>
constexpr config::Option<Section> authorization_row() {
    return config::option_read_by<Section>(
        [](const Node& node, Section& out, Errors& errors) {
            read_authorization(node, out.login, errors);
        },
        "authorization", "section", "", "type (Bearer), and credentials or credentials_file");
}

/// The value of the header Authorization.
[[nodiscard]] Secret authorization_of(const HttpLogin& login, const Secret& secret);

/// A dialogue's failure as a probe's outcome; `phase` where the failure names none.
[[nodiscard]] Outcome outcome_of(runtime::Failure failure, std::string_view phase);

}  // namespace pilotlight::probes
