#include <boost/test/unit_test.hpp>

#include <string>

#include "probes/probers.h"
#include "probes/websocket_codec.h"
#include "tests/probes/probe_now.h"
#include "tests/support/child_process.h"
#include "tests/support/scripted_server.h"

using namespace pilotlight;
using namespace pilotlight::testing;
using probes::make_websocket;
using probes::Report;
using probes::WebsocketOpcode;
using probes::WebsocketReader;
using std::chrono::milliseconds;

namespace {

/// A real server of the protocol's handshake: the scripted one cannot know the key. It answers with
/// the text that it is given, echoes one message after "echo ", and closes.
constexpr const char* kServer = R"PY(
import base64, hashlib, re, socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    peer, _ = listener.accept()
    head = b""
    while b"\r\n\r\n" not in head:
        got = peer.recv(4096)
        if not got:
            break
        head += got
    found = re.search(rb"Sec-WebSocket-Key: (\S+)", head)
    if not found:
        peer.close()
        continue
    magic = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(found.group(1) + magic).digest())
    token = re.search(rb"Authorization: (.*)\r\n", head)
    first = b"incoming_" + (token.group(1) if token else b"test")
    peer.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                 b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n" +
                 b"\x89\x02hi" + b"\x01\x03" + first[:3] + b"\x80" + bytes([len(first) - 3]) +
                 first[3:])
    peer.settimeout(5)
    try:
        data = b""
        while len(data) < 8 + 6:
            got = peer.recv(4096)
            if not got:
                break
            data += got
        said = []
        while len(data) >= 6:
            size = data[1] & 0x7f
            mask, body = data[2:6], data[6:6 + size]
            said.append((data[0] & 0xf, bytes(b ^ mask[i % 4] for i, b in enumerate(body))))
            data = data[6 + size:]
        for code, text in said:
            if code == 1:
                peer.sendall(bytes([0x81, len(text) + 5]) + b"echo " + text)
        peer.sendall(b"\x88\x00")
        peer.recv(10)
    except OSError:
        pass
    peer.close()
)PY";

class WebsocketServer {
  public:
    WebsocketServer()
        : process_({"/usr/bin/python3", "-c", kServer, std::to_string(port_)},
                   {.log = "/dev/null"}) {
        wait_until("websocket server", std::chrono::seconds(60),
                   [this] { return accepts_connections(port_); });
    }
    [[nodiscard]] std::string url() const {
        return "ws://127.0.0.1:" + std::to_string(port_) + "/chat";
    }

  private:
    std::uint16_t port_ = free_port();
    ChildProcess process_;
};

std::string bytes_of(std::initializer_list<int> values) {
    std::string text;
    for (const int value : values)
        text += static_cast<char>(value);
    return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(websocket)

BOOST_AUTO_TEST_CASE(shakes_hands_and_speaks) {
    const WebsocketServer server;
    const Report plain = probe_now(&make_websocket, server.url());
    BOOST_TEST(verdict_of(plain) == "", plain.outcome.detail);
    BOOST_TEST(value_of(plain, "probe_websocket_status_code").value() == 101);
    BOOST_TEST(value_of(plain, "probe_websocket_connection_upgraded").value() == 1);
    BOOST_TEST(!value_of(plain, "probe_websocket_failed_due_to_regex").has_value());
    BOOST_TEST(value_of(plain, "probe_websocket_duration_seconds", "upgrade").value() > 0);

    const Report spoken = probe_now(&make_websocket, server.url(), R"(
query_response:
  - {expect: "^incoming_(.+)$", send: "outgoing_${1}", labels: [{name: what, value: "${1}"}]}
  - {expect: "^echo outgoing_test$"}
)");
    BOOST_TEST(verdict_of(spoken) == "", spoken.outcome.detail);
    BOOST_TEST(label_of(spoken, "probe_expect_info", "what") == "test");
    BOOST_TEST(value_of(spoken, "probe_websocket_failed_due_to_regex").value() == 0);

    const Report other =
        probe_now(&make_websocket, server.url(), "query_response: [{expect: '^other'}]");
    BOOST_TEST(verdict_of(other) == "query/regexp");
    BOOST_TEST(value_of(other, "probe_websocket_failed_due_to_regex").value() == 1);

    const Report closed = probe_now(&make_websocket, server.url(),
                                    "query_response: [{expect: i, send: a}, {expect: e}, "
                                    "{expect: never}]");
    BOOST_TEST(verdict_of(closed) == "query/closed");
}

BOOST_AUTO_TEST_CASE(logs_in) {
    const WebsocketServer server;
    BOOST_TEST(verdict_of(probe_now(&make_websocket, server.url(), R"(
http_config: {bearer_token: abc}
query_response: [{expect: "^incoming_Bearer abc$"}]
)")) == "");
    BOOST_TEST(verdict_of(probe_now(&make_websocket, server.url(), R"(
http_config: {basic_auth: {username: Aladdin, password: open sesame}}
query_response: [{expect: "QWxhZGRpbjpvcGVuIHNlc2FtZQ==$"}]
)")) == "");
    const ScriptedServer scripted(http_answer(403));
    BOOST_TEST(verdict_of(probe_now(&make_websocket, scripted.url(),
                                    "http_config: {headers: {Test: a, Many: [b, c]}}")) ==
               "response/status");
    for (const char* header : {"Test: a\r\n", "Many: b\r\nMany: c\r\n", "Upgrade: websocket\r\n"})
        BOOST_TEST(scripted.received().contains(header));
}

BOOST_AUTO_TEST_CASE(every_misbehaviour_ends_in_time_with_its_reason) {
    struct Case {
        Script script;
        std::string verdict;
        double status;
    };
    const std::string switched =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    const Case cases[] = {
        {http_answer(200, "no socket"), "response/status", 200},
        {{expect("\r\n\r\n"), send(switched + "Sec-WebSocket-Accept: x\r\n\r\n"), stall()},
         "response/protocol",
         101},
        {{expect("\r\n\r\n"), send("hello\r\n\r\n"), stall()}, "response/protocol", 0},
        {{expect("\r\n\r\n"), send("HTTP/1.1 101"), close()}, "response/closed", 0},
        {{stall()}, "response/timeout", 0},
        {{expect("\r\n\r\n"), send(std::string(100'000, 'x')), stall()},
         "response/header_too_large",
         0},
        {{expect("\r\n\r\n"), reset()}, "response/reset", 0},
    };
    for (const Case& each : cases) {
        const ScriptedServer server(each.script);
        const Report report =
            probe_now(&make_websocket, "ws://" + server.address(), "{}", milliseconds(300));
        BOOST_TEST(verdict_of(report) == each.verdict);
        BOOST_TEST(value_of(report, "probe_websocket_status_code").value() == each.status);
        BOOST_TEST(value_of(report, "probe_websocket_connection_upgraded").value() == 0);
    }
    BOOST_TEST(verdict_of(probe_now(&make_websocket,
                                    "ws://127.0.0.1:" + std::to_string(refused_port()))) ==
               "connect/refused");
}

BOOST_AUTO_TEST_CASE(frames_are_held_against_the_protocol) {
    const auto fault_of = [](const std::string& bytes) {
        WebsocketReader reader;
        reader.feed(bytes);
        while (reader.next())
            continue;
        return std::string(reader.fault());
    };
    BOOST_TEST(fault_of(bytes_of({0x81, 1, 'a', 0x82, 0})) == "");
    BOOST_TEST(fault_of(bytes_of({0x81})) == "");
    BOOST_TEST(fault_of(bytes_of({0xc1, 0})) == "protocol");
    BOOST_TEST(fault_of(bytes_of({0x83, 0})) == "protocol");
    BOOST_TEST(fault_of(bytes_of({0x81, 0x80})) == "protocol");
    BOOST_TEST(fault_of(bytes_of({0x80, 0})) == "protocol");
    BOOST_TEST(fault_of(bytes_of({0x01, 0, 0x81, 0})) == "protocol");
    BOOST_TEST(fault_of(bytes_of({0x09, 0})) == "protocol");
    BOOST_TEST(fault_of(bytes_of({0x89, 126, 0, 126})) == "protocol");
    BOOST_TEST(fault_of(bytes_of({0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255})) ==
               "answer_too_large");
    std::string pieces;
    for (int i = 0; i < 20; ++i) {
        pieces += bytes_of({i == 0 ? 0x01 : 0x00, 127, 0, 0, 0, 0, 0, 1, 0, 0});
        pieces += std::string(65'536, 'x');
    }
    BOOST_TEST(fault_of(pieces) == "answer_too_large");
    // RFC 6455, 5.7.
    const std::array<std::uint8_t, 4> mask = {0x37, 0xfa, 0x21, 0x3d};
    BOOST_TEST(probes::make_websocket_frame(WebsocketOpcode::text, "Hello", mask) ==
               bytes_of({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}));
    BOOST_TEST(probes::make_websocket_frame(WebsocketOpcode::binary, std::string(256, 'x'), mask)
                   .starts_with(bytes_of({0x82, 0xfe, 1, 0})));
    // RFC 6455, 1.3.
    BOOST_TEST(probes::websocket_accept("dGhlIHNhbXBsZSBub25jZQ==") ==
               "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused) {
    const auto refusal = [](const std::string& options) {
        return refusal_of(&make_websocket, "wss://h/", options);
    };
    BOOST_TEST(refusal("{}") == "");
    BOOST_TEST(refusal("query_response: [{starttls: true}]") != "");
    BOOST_TEST(refusal("query_response: [{expect_bytes: a}]") != "");
    BOOST_TEST(refusal("http_config: {headers: {A: \"b\\r\\nc\"}}") != "");
    BOOST_TEST(refusal("http_config: {proxy_url: a}") != "");
    BOOST_TEST(refusal_of(&make_websocket, "h:80", "{}") != "");
}

BOOST_AUTO_TEST_SUITE_END()
