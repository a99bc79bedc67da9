#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/secret.h"
#include "core/time.h"
#include "runtime/failure.h"

namespace pilotlight::runtime {

enum class TlsVersion { tls10, tls11, tls12, tls13 };

/// Reads "TLS10" ... "TLS13", as blackbox_exporter's tls_config writes them.
[[nodiscard]] std::optional<TlsVersion> parse_tls_version(std::string_view text);

/// How a client speaks TLS. Equal settings share one SSL_CTX. Relative paths start from the
/// working directory.
struct TlsSettings {
    /// PEM with the authorities to trust instead of the system's; "" for those.
    std::string ca_file{};
    /// PEM of the client's own certificate chain and key; both or neither.
    std::string cert_file{};
    std::string key_file{};
    /// The same as texts, each instead of its file.
    std::string ca{};
    std::string cert{};
    Secret key{};
    /// What to send as SNI and to find in the certificate; "" for the host that is dialled.
    std::string server_name{};
    /// The connection is used whatever the certificate says; what is wrong is still told.
    bool insecure_skip_verify = false;
    /// TLS 1.2 where it is not set, as Go and today's OpenSSL have it.
    std::optional<TlsVersion> min_version{};
    std::optional<TlsVersion> max_version{};

    auto operator<=>(const TlsSettings&) const = default;
};

/// What a certificate says, as values.
struct Certificate {
    /// RFC 2253 strings, as Go's pkix.Name prints them: `CN=example.com,O=Example`.
    std::string subject;
    std::string issuer;
    /// Lower-case hexadecimal, two digits a byte.
    std::string serial;
    /// Lower-case hexadecimal of the SHA-256 of the DER.
    std::string fingerprint_sha256;
    /// The same of the public key with its algorithm (SubjectPublicKeyInfo): it stays the same when
    /// a certificate is renewed for the same key.
    std::string public_key_sha256;
    /// Of the subject alternative names those that a host name or address is held against.
    std::vector<std::string> dns_names;
    std::vector<std::string> ip_addresses;
    WallTime not_before{};
    WallTime not_after{};
};

/// What a handshake showed, whether or not the chain was accepted.
struct TlsInfo {
    /// When it was completed.
    WallTime at{};
    /// Whether an earlier session went on: the server showed no certificate then, and what is said
    /// of the chain is of the last handshake that was full.
    bool resumed = false;
    /// As the server sent it, leaf first; never empty but when it sent none.
    std::vector<Certificate> chain;
    /// Whether the chain leads to a trusted authority, is valid now and is for this name.
    bool verified = false;
    /// Empty when verified; else `certificate_expired`, `certificate_not_yet_valid`,
    /// `certificate_name_mismatch`, `certificate_self_signed`, `certificate_untrusted`,
    /// `certificate_revoked`, `certificate_invalid`, `no_certificate`. Where several are wrong, the
    /// first in this order: a leaf that has expired is told as that.
    std::string reason;
    /// One line for people: which certificate, what is wrong with it.
    std::string detail;
    /// "TLS 1.2", "TLS 1.3", as Go names them.
    std::string version;
    /// The IANA name: "TLS_AES_128_GCM_SHA256".
    std::string cipher;
    /// What the server chose by ALPN; "" for none.
    std::string alpn;
    /// The earliest not_after over the certificates that were served.
    std::optional<WallTime> earliest_expiry;
    /// The earliest not_after of the chain that leads to a trusted authority; nothing if none does.
    /// An expired chain that has no other fault still has it.
    std::optional<WallTime> chain_expiry;
};

/// The SSL_CTXs of one loop, one per distinct settings, made on first use; made anew when one of
/// its files changed (looked at every few seconds). At most 1,000 are kept. Thread: one loop's.
class TlsContexts {
  public:
    TlsContexts();
    TlsContexts(const TlsContexts&) = delete;
    TlsContexts& operator=(const TlsContexts&) = delete;
    ~TlsContexts();

    class Context;
    /// Fails as unknown `tls_settings` where a file cannot be read or does not fit: it is ours.
    [[nodiscard]] Attempt<std::shared_ptr<Context>> get(const TlsSettings& settings);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Whether the files can be read and fit together: what a check of a configuration calls.
/// Blocks on the disk.
[[nodiscard]] Result<void> check_tls_settings(const TlsSettings& settings);

}  // namespace pilotlight::runtime
