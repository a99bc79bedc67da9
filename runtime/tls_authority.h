#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/time.h"

namespace pilotlight::runtime {

/// A certificate with its private key, both PEM. The key guards nothing: it is made for a demo or a
/// test and thrown away with it.
struct IssuedCertificate {
    std::string certificate_pem;
    std::string key_pem;
};

/// A certificate authority made for this process: for the demo's application, and for tests that
/// need expired, expiring or misnamed certificates.
class CertificateAuthority {
  public:
    /// Fails only where OpenSSL has no randomness or memory.
    [[nodiscard]] static Result<CertificateAuthority> make(std::string_view common_name,
                                                           WallTime not_before, WallTime not_after);
    CertificateAuthority(CertificateAuthority&&) noexcept;
    CertificateAuthority& operator=(CertificateAuthority&&) noexcept;
    ~CertificateAuthority();

    [[nodiscard]] const std::string& certificate_pem() const;

    /// A server's certificate for `names`: DNS names and IP addresses, the first one also the
    /// common name.
    [[nodiscard]] Result<IssuedCertificate> issue(const std::vector<std::string>& names,
                                                  WallTime not_before, WallTime not_after) const;

  private:
    struct Keys;
    explicit CertificateAuthority(std::unique_ptr<Keys> keys);
    std::unique_ptr<Keys> keys_;
};

}  // namespace pilotlight::runtime
