#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/certificates.h"

namespace pilotlight::testing {

/// What a scripted server does next on a connection.
struct Step {
    enum class Kind { expect, send, drip, stall, half_close, reset, close, start_tls };
    Kind kind = Kind::close;
    std::string text;
    std::chrono::milliseconds every{};
};

/// Reads until `text` has come; what comes instead stays readable by received().
[[nodiscard]] Step expect(std::string text);
[[nodiscard]] Step send(std::string text);
/// Sends byte by byte.
[[nodiscard]] Step drip(std::string text, std::chrono::milliseconds every);
/// Does nothing until the client hangs up or the server ends.
[[nodiscard]] Step stall();
/// Ends its direction; still reads until the client hangs up.
[[nodiscard]] Step half_close();
/// Ends the connection with RST.
[[nodiscard]] Step reset();
[[nodiscard]] Step close();
/// Shakes hands with the server's certificate.
[[nodiscard]] Step start_tls();

using Script = std::vector<Step>;

/// Waits for a whole request head, then sends an answer with a Content-Length and closes.
[[nodiscard]] Script http_answer(int status, std::string body = "",
                                 std::vector<std::string> headers = {});
/// The text of such an answer.
[[nodiscard]] std::string http_text(int status, std::string_view body,
                                    const std::vector<std::string>& headers = {});

/// A server on a free port of loopback that follows a script on each connection; a connection
/// beyond the last script follows the last. At a script's end the connection is closed. Threads of
/// its own, all joined at the end.
class ScriptedServer {
  public:
    struct Tls {
        PemPair identity;
        /// PEM of authorities; clients must then show a certificate of theirs.
        std::string client_authority{};
        /// 0 for any, else e.g. 0x0303 for TLS 1.2.
        int max_version = 0;
        /// Chosen by ALPN if it is offered.
        std::string alpn{};
        /// Whether to shake hands at once, or by start_tls().
        bool at_once = true;
    };

    /// Where to listen instead of on a port of loopback.
    struct UnixPath {
        std::string path;
    };

    explicit ScriptedServer(Script script);
    ScriptedServer(UnixPath at, Script script, std::optional<Tls> tls = std::nullopt);
    explicit ScriptedServer(std::vector<Script> scripts);
    ScriptedServer(std::vector<Script> scripts, Tls tls);
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;
    ~ScriptedServer();

    [[nodiscard]] std::uint16_t port() const;
    /// `127.0.0.1:PORT`.
    [[nodiscard]] std::string address() const;
    /// `http://127.0.0.1:PORT/path`, https with TLS at once.
    [[nodiscard]] std::string url(std::string_view path = "/") const;

    /// Connections that were accepted so far.
    [[nodiscard]] std::size_t connections() const;
    /// All that came on the n-th connection so far, decrypted.
    [[nodiscard]] std::string received(std::size_t connection = 0) const;
    /// Whether `text` comes on the n-th connection; waits for it, 10 s at most. A connection is
    /// counted before anything has come on it.
    [[nodiscard]] bool receives(std::string_view text, std::size_t connection = 0) const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// A port of loopback on which nobody listens.
[[nodiscard]] std::uint16_t refused_port();

}  // namespace pilotlight::testing
