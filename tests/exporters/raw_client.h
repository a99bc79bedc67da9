#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace pilotlight::exporters {

/// A TCP connection to 127.0.0.1 that sends and receives what a test says, however wrong. Every
/// wait ends after ten seconds with what came until then.
class RawClient {
  public:
    /// Throws where nobody listens.
    explicit RawClient(int port);
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;
    ~RawClient();

    /// False once the peer has reset the connection.
    bool send(std::string_view bytes);
    /// One answer: headers, and as many bytes as its Content-Length says. "" when the peer closed.
    std::string answer();
    /// All until the peer closes.
    std::string rest();
    /// Whether the peer closes within that time; what it still sends is dropped.
    bool is_closed_within(std::chrono::milliseconds time);

  private:
    bool receive(std::chrono::milliseconds limit);

    int socket_;
    std::string buffered_;
};

/// send() and answer() on a connection of its own.
[[nodiscard]] std::string ask(int port, std::string_view request);
/// `GET path HTTP/1.1` with a Host header and the given ones, each with its line's end.
[[nodiscard]] std::string get_request(std::string_view path, std::string_view headers = "");
/// The body of an answer.
[[nodiscard]] std::string body_of(const std::string& answer);

}  // namespace pilotlight::exporters
