#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/certificates.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace pilotlight::testing {

/// A real PostgreSQL on a free port of loopback, with a user `probe` (password `probe-password`,
/// role pg_monitor) and a database `app`. TLS is on, with a certificate for localhost and
/// 127.0.0.1. Up when constructed.
class PostgresServer {
  public:
    PostgresServer();

    void start();
    void stop();

    /// Runs SQL as superuser; throws when it fails.
    void run(std::string_view sql, const std::string& database = "app");

    [[nodiscard]] std::uint16_t port() const { return port_; }
    /// `postgres://USER:PASSWORD@127.0.0.1:PORT/DATABASE`.
    [[nodiscard]] std::string url(const std::string& user = "probe",
                                  const std::string& password = "probe-password",
                                  const std::string& database = "app") const;
    /// PEM of the authority of its certificate.
    [[nodiscard]] const std::string& authority() const { return authority_.certificate(); }

  private:
    TemporaryFolder folder_;
    CertificateAuthority authority_;
    std::uint16_t port_ = free_port();
    std::unique_ptr<ChildProcess> process_;
};

}  // namespace pilotlight::testing
