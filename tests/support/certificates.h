#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace pilotlight::testing {

/// A certificate chain (leaf first) and the leaf's key, both PEM.
struct PemPair {
    std::string certificate;
    std::string key;
};

struct CertificateOptions {
    std::string common_name = "localhost";
    std::vector<std::string> dns_names = {"localhost"};
    std::vector<std::string> ip_addresses = {"127.0.0.1", "::1"};
    /// From now; negative is in the past.
    std::chrono::seconds valid_from = -std::chrono::hours(1);
    std::chrono::seconds valid_until = std::chrono::hours(24 * 90);
};

[[nodiscard]] PemPair make_self_signed(const CertificateOptions& options = {});

/// An authority of the test's own, on P-256 so that keys cost nothing.
class CertificateAuthority {
  public:
    explicit CertificateAuthority(std::string name = "Pilotlight Test CA",
                                  std::chrono::seconds valid_until = std::chrono::hours(24 * 365));
    CertificateAuthority(const CertificateAuthority&) = delete;
    CertificateAuthority& operator=(const CertificateAuthority&) = delete;
    ~CertificateAuthority();

    /// What a client trusts.
    [[nodiscard]] const std::string& certificate() const { return certificate_; }
    [[nodiscard]] PemPair issue(const CertificateOptions& options = {});

  private:
    struct Key;
    std::unique_ptr<Key> key_;
    std::string certificate_;
};

}  // namespace pilotlight::testing
