// What a WebSocket server sends: the handshake's answer, then frames.
#include <algorithm>

#include "core/check.h"
#include "probes/websocket_codec.h"

namespace pilotlight::fuzz {

void websocket_frames(std::string_view input) {
    const std::size_t end = input.find("\r\n\r\n");
    if (end != std::string_view::npos) {
        const auto handshake = probes::read_websocket_handshake(input.substr(0, end + 4), "key");
        if (handshake) PILOT_CHECK(handshake->upgraded == handshake->fault.empty());
        input.remove_prefix(end + 4);
    }
    probes::WebsocketReader reader;
    std::size_t taken = 0;
    const std::size_t whole = input.size();
    for (; !input.empty(); input.remove_prefix(std::min<std::size_t>(7, input.size()))) {
        reader.feed(input.substr(0, 7));
        while (const auto message = reader.next())
            taken += message->payload.size();
    }
    PILOT_CHECK(taken <= whole);
}

}  // namespace pilotlight::fuzz
