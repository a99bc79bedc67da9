// PostgreSQL, LDAP and MySQL: packets.
#include <expected>

#include "probes/starttls.h"

namespace pilotlight::probes {

namespace {

std::size_t octet(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}

std::size_t big_endian(std::string_view bytes) {
    std::size_t number = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        number = number << 8 | octet(bytes, i);
    return number;
}

std::size_t little_endian(std::string_view bytes) {
    std::size_t number = 0;
    for (std::size_t i = bytes.size(); i > 0; --i)
        number = number << 8 | octet(bytes, i - 1);
    return number;
}

/// PostgreSQL's manual, "SSL Session Encryption": SSLRequest, and one byte for an answer.
class PostgresDialogue final : public StartTlsDialogue {
  private:
    Step advance() override {
        if (!asked_) {
            asked_ = true;
            return say(std::string("\x00\x00\x00\x08\x04\xd2\x16\x2f", 8));
        }
        if (input().empty()) return wait();
        switch (input().front()) {
            case 'S':
                take(1);
                return secure();
            case 'N':
                return failed("not_offered", "the server has no TLS, or not for us");
            case 'E':
                return on_error();
            default:
                return failed("protocol", "expected S or N of PostgreSQL, got " + shown(input()));
        }
    }

    /// ErrorResponse: a length, then fields of a letter and a text that ends with 0; M is the
    /// message. Servers before 7.0 send a bare text.
    Step on_error() {
        if (input().size() < 5) return wait();
        const std::size_t length = big_endian(input().substr(1, 4));
        if (length < 4 || length > kBytesMax) {
            return failed("refused", "the server says " + shown(input().substr(1)));
        }
        if (input().size() < length + 1) return wait();
        std::string_view fields = input().substr(5, length - 4);
        while (!fields.empty() && fields.front() != '\0') {
            const std::size_t end = fields.find('\0');
            if (end == std::string_view::npos) break;
            if (fields.front() == 'M') {
                return failed("refused", "the server says " + shown(fields.substr(1, end - 1)));
            }
            fields.remove_prefix(end + 1);
        }
        return failed("refused", "the server says that something is wrong, and not what");
    }

    bool asked_ = false;
};

/// One element of BER with a definite length of at most 3 bytes (RFC 4511, 5.1; X.690, 8.1).
struct Element {
    std::size_t tag = 0;
    std::string_view content;
    /// With its head.
    std::size_t size = 0;
};

enum class BerFault { incomplete, malformed };

std::expected<Element, BerFault> read_element(std::string_view bytes) {
    if (bytes.size() < 2) return std::unexpected(BerFault::incomplete);
    Element element;
    element.tag = octet(bytes, 0);
    std::size_t length = octet(bytes, 1);
    std::size_t head = 2;
    if (length >= 0x80) {
        const std::size_t more = length - 0x80;
        if (more == 0 || more > 4) return std::unexpected(BerFault::malformed);
        if (bytes.size() < head + more) return std::unexpected(BerFault::incomplete);
        length = big_endian(bytes.substr(head, more));
        head += more;
    }
    if (length > StartTlsDialogue::kBytesMax) return std::unexpected(BerFault::malformed);
    if (bytes.size() < head + length) return std::unexpected(BerFault::incomplete);
    element.content = bytes.substr(head, length);
    element.size = head + length;
    return element;
}

/// The element at the front, of that tag, taken from `bytes`; nothing where there is another.
std::optional<std::string_view> take_element(std::string_view& bytes, std::size_t tag) {
    const std::expected<Element, BerFault> element = read_element(bytes);
    if (!element || element->tag != tag) return std::nullopt;
    bytes.remove_prefix(element->size);
    return element->content;
}

/// RFC 4511, 4.14: an ExtendedRequest, and its response.
class LdapDialogue final : public StartTlsDialogue {
  private:
    static constexpr std::size_t kSequence = 0x30;
    static constexpr std::size_t kInteger = 0x02;
    static constexpr std::size_t kEnumerated = 0x0a;
    static constexpr std::size_t kOctets = 0x04;
    static constexpr std::size_t kExtendedResponse = 0x78;

    Step advance() override {
        if (!asked_) {
            asked_ = true;
            return say(std::string("\x30\x1d\x02\x01\x01\x77\x18\x80\x16", 9) +
                       "1.3.6.1.4.1.1466.20037");
        }
        const std::expected<Element, BerFault> message = read_element(input());
        if (!message) {
            const bool is_other = !input().empty() && octet(input(), 0) != kSequence;
            if (message.error() == BerFault::incomplete && !is_other) return wait();
            return unexpected();
        }
        if (message->tag != kSequence) return unexpected();
        std::string_view rest = message->content;
        const std::optional<std::string_view> id = take_element(rest, kInteger);
        std::optional<std::string_view> response = take_element(rest, kExtendedResponse);
        if (!id || id->empty() || id->size() > 4 || !response) return unexpected();
        const std::size_t size = message->size;
        // 0 is a Notice of Disconnection (RFC 4511, 4.4.1), with a result of its own.
        Step step = on_response(*response, big_endian(*id) == 1);
        take(size);
        return step;
    }

    static Step on_response(std::string_view response, bool is_ours) {
        const std::optional<std::string_view> result = take_element(response, kEnumerated);
        const std::optional<std::string_view> matched = take_element(response, kOctets);
        const std::optional<std::string_view> text = take_element(response, kOctets);
        if (!result || result->size() != 1 || !matched || !text) {
            return failed("protocol", "the result of LDAP cannot be read");
        }
        const std::size_t code = octet(*result, 0);
        if (code == 0 && is_ours) return secure();
        // RFC 4511, A.2: protocolError (2) says that the operation is not known.
        const bool is_unknown = code == 2 && is_ours;
        return failed(is_unknown ? "not_offered" : "refused",
                      "the server answers with result " + std::to_string(code) +
                          (text->empty() ? "" : ": " + shown(*text)));
    }

    [[nodiscard]] Step unexpected() const {
        return failed("protocol", "expected an answer of LDAP, got " + shown(input()));
    }

    bool asked_ = false;
};

/// MySQL's client/server protocol, "Connection Phase": the server greets, an SSLRequest follows.
class MysqlDialogue final : public StartTlsDialogue {
  private:
    static constexpr std::size_t kHead = 4;
    static constexpr std::size_t kClientSsl = 0x0800;

    Step advance() override {
        if (said_) return secure();
        if (input().size() < kHead) return wait();
        const std::size_t size = little_endian(input().substr(0, 3));
        if (size == 0 || size > kBytesMax - kHead || octet(input(), 3) != 0) return unexpected();
        if (input().size() < kHead + size) return wait();
        const std::string_view greeting = input().substr(kHead, size);
        if (octet(greeting, 0) == 0xff) return on_error(greeting);
        if (octet(greeting, 0) != 10) return unexpected();
        const std::size_t version_end = greeting.find('\0', 1);
        // The version, its 0, the connection's id (4), data (8), a filler, then what it can do (2).
        if (version_end == std::string_view::npos || greeting.size() < version_end + 16) {
            return unexpected();
        }
        const std::size_t can = little_endian(greeting.substr(version_end + 14, 2));
        if ((can & kClientSsl) == 0) {
            return failed("not_offered", "the server, version " +
                                             shown(greeting.substr(1, version_end - 1)) +
                                             ", does not offer TLS");
        }
        take(kHead + size);
        if (!input().empty()) {
            return failed("protocol", "the server goes on without waiting for us");
        }
        said_ = true;
        return say(request());
    }

    /// CLIENT_PROTOCOL_41, CLIENT_SSL, CLIENT_SECURE_CONNECTION; packets up to 16 MiB; utf8.
    static std::string request() {
        std::string packet("\x20\x00\x00\x01\x00\x8a\x00\x00\x00\x00\x00\x01\x21", 13);
        packet.append(23, '\0');
        return packet;
    }

    /// Before the handshake an error has a number and a text only: too many connections, a host
    /// that is not allowed or blocked.
    static Step on_error(std::string_view packet) {
        if (packet.size() < 3) return failed("protocol", "an error of MySQL that has no number");
        return failed("refused", "the server says " +
                                     std::to_string(little_endian(packet.substr(1, 2))) + " " +
                                     shown(packet.substr(3)));
    }

    [[nodiscard]] Step unexpected() const {
        return failed("protocol", "expected the greeting of MySQL, got " + shown(input()));
    }

    bool said_ = false;
};

/// HandshakeResponse41 of a user without a name and password, and what follows until the server
/// has refused it, or taken it.
class MysqlFarewell final : public StartTlsDialogue {
  private:
    static constexpr std::size_t kHead = 4;

    Step advance() override {
        if (!asked_) {
            asked_ = true;
            return say(login());
        }
        if (is_done_) return secure();
        if (input().size() < kHead) return wait();
        const std::size_t size = little_endian(input().substr(0, 3));
        if (size == 0 || size > kBytesMax - kHead) return failed("protocol", "no packet of MySQL");
        if (input().size() < kHead + size) return wait();
        const std::size_t kind = octet(input(), kHead);
        const char next = static_cast<char>(octet(input(), 3) + 1);
        take(input().size());
        is_done_ = kind != 0xfe || switched_;
        if (kind == 0x00) return say(std::string("\x01\x00\x00\x00\x01", 5));
        if (is_done_) return secure();
        // AuthSwitchRequest: another method, to which nothing is said either.
        switched_ = true;
        return say(std::string("\x00\x00\x00", 3) + next);
    }

    /// As in MysqlDialogue, with CLIENT_PLUGIN_AUTH; the second packet over the connection of ours.
    static std::string login() {
        std::string body("\x00\x8a\x08\x00\x00\x00\x00\x01\x21", 9);
        body.append(23, '\0');
        body.append("\x00\x00mysql_native_password\x00", 24);
        return std::string{static_cast<char>(body.size()), '\0', '\0', '\x02'} + body;
    }

    bool asked_ = false;
    bool switched_ = false;
    bool is_done_ = false;
};

}  // namespace

std::unique_ptr<StartTlsDialogue> make_postgres_dialogue() {
    return std::make_unique<PostgresDialogue>();
}

std::unique_ptr<StartTlsDialogue> make_ldap_dialogue() {
    return std::make_unique<LdapDialogue>();
}

std::unique_ptr<StartTlsDialogue> make_mysql_dialogue() {
    return std::make_unique<MysqlDialogue>();
}

std::unique_ptr<StartTlsDialogue> make_mysql_farewell() {
    return std::make_unique<MysqlFarewell>();
}

}  // namespace pilotlight::probes
