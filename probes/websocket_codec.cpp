#include "probes/websocket_codec.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/digest.h"
#include "runtime/url.h"

namespace pilotlight::probes {

namespace {

constexpr std::size_t kMaxMessage = 1 << 20;
constexpr std::string_view kMagic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

std::string lower(std::string_view text) {
    std::string small(text);
    for (char& c : small) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return small;
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ') || text.starts_with('\t'))
        text.remove_prefix(1);
    while (text.ends_with(' ') || text.ends_with('\t'))
        text.remove_suffix(1);
    return text;
}

/// The first value under `name`, which is in lower case.
std::string_view field_of(std::string_view header, std::string_view name) {
    while (!header.empty()) {
        const std::size_t end = std::min(header.find("\r\n"), header.size());
        const std::string_view line = header.substr(0, end);
        header.remove_prefix(std::min(end + 2, header.size()));
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || lower(line.substr(0, colon)) != name) continue;
        return trimmed(line.substr(colon + 1));
    }
    return {};
}

std::string fault_of(std::string_view header, int status, std::string_view key) {
    if (status != 101) return "HTTP " + std::to_string(status) + ", expected 101";
    if (lower(field_of(header, "upgrade")) != "websocket") return "no Upgrade: websocket";
    if (!lower(field_of(header, "connection")).contains("upgrade")) return "no Connection: Upgrade";
    if (field_of(header, "sec-websocket-accept") != websocket_accept(key)) {
        return "Sec-WebSocket-Accept is not that of the key";
    }
    return "";
}

bool is_control(WebsocketOpcode opcode) {
    return opcode >= WebsocketOpcode::close;
}

bool is_known(std::uint8_t opcode) {
    return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

}  // namespace

struct WebsocketReader::Frame {
    bool is_final = false;
    WebsocketOpcode opcode = WebsocketOpcode::text;
    std::string payload;
};

std::string websocket_accept(std::string_view key) {
    return runtime::base64(sha1(std::string(key) + std::string(kMagic)));
}

std::optional<WebsocketHandshake> read_websocket_handshake(std::string_view header,
                                                           std::string_view key) {
    if (!header.starts_with("HTTP/1.") || header.size() < 12 || header[8] != ' ') {
        return std::nullopt;
    }
    WebsocketHandshake handshake;
    const std::string_view digits = header.substr(9, 3);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), handshake.status);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    handshake.fault = fault_of(header, handshake.status, key);
    handshake.upgraded = handshake.fault.empty();
    return handshake;
}

std::string make_websocket_frame(WebsocketOpcode opcode, std::string_view payload,
                                 std::array<std::uint8_t, 4> mask) {
    std::string frame(1, static_cast<char>(0x80 | static_cast<std::uint8_t>(opcode)));
    const std::size_t size = payload.size();
    int length_bytes = 0;
    if (size < 126) {
        frame += static_cast<char>(0x80 | size);
    } else {
        length_bytes = size <= 0xffff ? 2 : 8;
        frame += static_cast<char>(0x80 | (length_bytes == 2 ? 126 : 127));
    }
    for (int i = length_bytes - 1; i >= 0; --i)
        frame += static_cast<char>(std::uint64_t{size} >> (8 * i));
    frame.append(mask.begin(), mask.end());
    for (std::size_t i = 0; i < size; ++i)
        frame += static_cast<char>(static_cast<std::uint8_t>(payload[i]) ^ mask[i % 4]);
    return frame;
}

std::optional<WebsocketReader::Frame> WebsocketReader::take_frame() {
    const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(unread_[at]); };
    if (unread_.size() < 2) return std::nullopt;
    const std::uint8_t code = byte(0) & 0x0f;
    const bool is_masked = (byte(1) & 0x80) != 0;
    // Extensions were not agreed on, and servers do not mask (RFC 6455, 5.1 and 5.2).
    if ((byte(0) & 0x70) != 0 || !is_known(code) || is_masked) {
        fault_ = "protocol";
        return std::nullopt;
    }
    std::uint64_t size = byte(1) & 0x7f;
    const std::size_t length_bytes = size == 126 ? 2 : size == 127 ? 8 : 0;
    const std::size_t head = 2 + length_bytes;
    if (unread_.size() < head) return std::nullopt;
    if (length_bytes > 0) size = 0;
    for (std::size_t i = 2; i < head; ++i)
        size = size << 8 | byte(i);
    const auto opcode = static_cast<WebsocketOpcode>(code);
    const bool is_final = (byte(0) & 0x80) != 0;
    if (is_control(opcode) && (size > 125 || !is_final)) {
        fault_ = "protocol";
        return std::nullopt;
    }
    if (size > kMaxMessage) {
        fault_ = "answer_too_large";
        return std::nullopt;
    }
    if (unread_.size() - head < size) return std::nullopt;
    Frame frame{is_final, opcode, unread_.substr(head, static_cast<std::size_t>(size))};
    unread_.erase(0, head + static_cast<std::size_t>(size));
    return frame;
}

std::optional<WebsocketReader::Message> WebsocketReader::next() {
    while (fault_.empty()) {
        std::optional<Frame> frame = take_frame();
        if (!frame) return std::nullopt;
        if (is_control(frame->opcode)) return Message{frame->opcode, std::move(frame->payload)};
        const bool continues = frame->opcode == WebsocketOpcode::continuation;
        if (continues != partial_.has_value()) {
            fault_ = "protocol";
            return std::nullopt;
        }
        if (!continues) partial_ = Message{frame->opcode, ""};
        if (partial_->payload.size() + frame->payload.size() > kMaxMessage) {
            fault_ = "answer_too_large";
            return std::nullopt;
        }
        partial_->payload += frame->payload;
        if (frame->is_final) return std::exchange(partial_, std::nullopt);
    }
    return std::nullopt;
}

}  // namespace pilotlight::probes
