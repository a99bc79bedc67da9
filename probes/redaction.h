#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/secret.h"

namespace pilotlight::probes {

/// Bytes of an outcome's detail that are kept where something may have to be hidden in it.
inline constexpr std::size_t kMostDetail = 1'024;

/// What must not be shown of a target: the secrets that its configuration knows, found again in
/// whatever the target says, as they are and as they look in a URL, in JSON, in HTML and in Basic
/// authorization. A target that echoes what it was sent tells nobody.
class Redaction {
  public:
    /// Hides `secret` wherever it stands; one of less than four bytes only where it stands alone.
    void hide(std::string_view secret);
    void hide(const Secret& secret) { hide(secret.reveal()); }
    /// The password, and both as Basic authorization has them; a user without a password, too.
    void hide_login(std::string_view user, std::string_view password);
    /// The login and the values of the query of a URL; nothing of what is none.
    void hide_url(std::string_view url);
    /// A request's body: as a whole, and the values of a form or of JSON one by one.
    void hide_body(std::string_view body);

    [[nodiscard]] bool empty() const { return secrets_.empty(); }

    /// `text` with `<secret>` for each secret, and for what stands at the end and may be the
    /// beginning of one. Reads no further once it has `limit` bytes.
    [[nodiscard]] std::string hidden_in(std::string_view text,
                                        std::size_t limit = std::string::npos) const;
    /// The beginning of `text` with `<secret>` for each secret, at most `limit` bytes, showable.
    /// What stands at the end and may be the beginning of a secret is left out.
    [[nodiscard]] std::string shown(std::string_view text, std::size_t limit) const;

  private:
    void add(std::string text);
    [[nodiscard]] const std::string* secret_at(std::string_view text, std::size_t at) const;
    [[nodiscard]] bool may_begin(std::string_view rest) const;

    /// Longest first, so that no part of one is left over.
    std::vector<std::string> secrets_;
};

/// As Redaction::shown(), for who does not know where the secrets come from.
using HideSecrets = std::function<std::string(std::string_view text, std::size_t limit)>;

/// The secrets of a target: of its URL, of options that hold passwords, tokens, headers and bodies,
/// and all that came from the environment. Null where there are none.
[[nodiscard]] std::shared_ptr<const Redaction> redaction_of(const config::TargetConfig& target);

/// Whether a header's name says that its value opens doors: Authorization, Cookie, ...-Token.
[[nodiscard]] bool is_secret_header(std::string_view name);

}  // namespace pilotlight::probes
