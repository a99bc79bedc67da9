#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The client's side of the WebSocket protocol (RFC 6455) without any I/O.
namespace pilotlight::probes {

/// What the server answers to a Sec-WebSocket-Key (RFC 6455, 4.2.2).
[[nodiscard]] std::string websocket_accept(std::string_view key);

/// The answer to a handshake, as far as it matters.
struct WebsocketHandshake {
    int status = 0;
    /// Whether it switches protocols, with the right Upgrade, Connection and Sec-WebSocket-Accept.
    bool upgraded = false;
    /// One line for people where it does not.
    std::string fault;
};

/// Reads an answer's header, the empty line at its end included; nothing where it is no HTTP.
[[nodiscard]] std::optional<WebsocketHandshake> read_websocket_handshake(std::string_view header,
                                                                         std::string_view key);

enum class WebsocketOpcode : std::uint8_t {
    continuation = 0,
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10,
};

/// One frame of a client, masked.
[[nodiscard]] std::string make_websocket_frame(WebsocketOpcode opcode, std::string_view payload,
                                               std::array<std::uint8_t, 4> mask);

/// Takes a server's bytes, gives its messages. Limit: 1 MiB a message.
class WebsocketReader {
  public:
    struct Message {
        WebsocketOpcode opcode = WebsocketOpcode::text;
        std::string payload;
    };

    void feed(std::string_view bytes) { unread_ += bytes; }
    /// The next whole message: text or binary put together, or a control frame. Nothing where more
    /// bytes are needed, or there is a fault.
    [[nodiscard]] std::optional<Message> next();
    /// `protocol` or `answer_too_large`; "" while all is well.
    [[nodiscard]] std::string_view fault() const { return fault_; }

  private:
    struct Frame;
    [[nodiscard]] std::optional<Frame> take_frame();

    std::string unread_;
    std::optional<Message> partial_;
    std::string_view fault_;
};

}  // namespace pilotlight::probes
