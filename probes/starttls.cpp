#include "probes/starttls.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/check.h"

namespace asio = boost::asio;

namespace pilotlight::probes {

namespace {

constexpr std::size_t kMaxShown = 120;

struct Protocol {
    StartTls protocol;
    std::string_view name;
    std::uint16_t port;
    std::unique_ptr<StartTlsDialogue> (*make)();
    std::string_view farewell;
};

// LDAP's is an UnbindRequest (RFC 4511, 4.3), message 2.
constexpr Protocol kProtocols[] = {
    {StartTls::postgres, "postgres", 5432, make_postgres_dialogue, ""},
    {StartTls::smtp, "smtp", 25, make_smtp_dialogue, "QUIT\r\n"},
    {StartTls::imap, "imap", 143, make_imap_dialogue, "p3 LOGOUT\r\n"},
    {StartTls::pop3, "pop3", 110, make_pop3_dialogue, "QUIT\r\n"},
    {StartTls::ldap, "ldap", 389, make_ldap_dialogue, {"\x30\x05\x02\x01\x02\x42\x00", 7}},
    {StartTls::mysql, "mysql", 3306, make_mysql_dialogue, ""},
};

const Protocol& row_of(StartTls protocol) {
    const auto* const row = std::ranges::find(kProtocols, protocol, &Protocol::protocol);
    PILOT_CHECK(row != std::end(kProtocols));
    return *row;
}

/// Nothing once all is said, and TLS may begin.
asio::awaitable<std::optional<runtime::Failure>> speak(runtime::Stream& stream,
                                                       std::unique_ptr<StartTlsDialogue> dialogue) {
    std::array<char, 2'048> chunk;
    while (true) {
        const StartTlsDialogue::Step step = dialogue->next();
        switch (step.kind) {
            case StartTlsDialogue::Step::Kind::secure:
                co_return std::nullopt;
            case StartTlsDialogue::Step::Kind::failed:
                co_return runtime::Failure{"starttls", step.reason, step.text};
            case StartTlsDialogue::Step::Kind::say: {
                const runtime::Attempt<void> written = co_await stream.write(step.text);
                if (!written) co_return runtime::Failure(written.error()).in_phase("starttls");
                break;
            }
            case StartTlsDialogue::Step::Kind::wait: {
                const runtime::Attempt<std::size_t> got = co_await stream.read_some(chunk);
                if (!got) co_return runtime::Failure(got.error()).in_phase("starttls");
                if (*got == 0) {
                    co_return runtime::Failure{"starttls", "closed",
                                               "the server hung up before TLS began"};
                }
                dialogue->feed({chunk.data(), *got});
                break;
            }
        }
    }
}

}  // namespace

void read_starttls(const Node& node, std::optional<StartTls>& out, Errors& errors) {
    for (const Protocol& row : kProtocols) {
        if (node.is_scalar() && node.scalar == row.name) {
            out = row.protocol;
            return;
        }
    }
    config::expected_value(node, "postgres, smtp, imap, pop3, ldap or mysql", errors);
}

std::uint16_t default_port(StartTls protocol) {
    return row_of(protocol).port;
}

asio::awaitable<void> take_leave(runtime::Stream& stream, StartTls protocol) {
    if (protocol == StartTls::mysql) {
        std::unique_ptr<StartTlsDialogue> farewell = make_mysql_farewell();
        const std::optional<runtime::Failure> ignored = co_await speak(stream, std::move(farewell));
        static_cast<void>(ignored);
        co_return;
    }
    const std::string_view farewell = row_of(protocol).farewell;
    if (farewell.empty()) co_return;
    const runtime::Attempt<void> ignored = co_await stream.write(farewell);
    static_cast<void>(ignored);
}

std::unique_ptr<StartTlsDialogue> make_starttls_dialogue(StartTls protocol) {
    return row_of(protocol).make();
}

void StartTlsDialogue::feed(std::string_view bytes) {
    bytes_.append(bytes.substr(0, kBytesMax + 1 - std::min(bytes_.size(), kBytesMax + 1)));
}

StartTlsDialogue::Step StartTlsDialogue::next() {
    Step step = advance();
    // What is said in the clear ahead of the handshake would be taken as part of the safe stream.
    if (step.kind == Step::Kind::secure && !input().empty()) {
        return failed("injected", "the server sent plain bytes after it agreed to TLS");
    }
    if (step.kind == Step::Kind::wait && bytes_.size() > kBytesMax) {
        return failed("answer_too_large", "the server's answers are over 64 KiB");
    }
    return step;
}

std::optional<std::string_view> StartTlsDialogue::take_line() {
    const std::string_view rest = input();
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    take(end + 1);
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

std::string shown(std::string_view text) {
    std::string out;
    for (const char c : text.substr(0, kMaxShown)) {
        const bool is_plain = c >= ' ' && c <= '~';
        out += is_plain ? c : '?';
    }
    if (text.size() > kMaxShown) out += "...";
    return '"' + out + '"';
}

asio::awaitable<void> secure(runtime::Services& services, StartTls protocol, std::string host,
                             runtime::TlsSettings settings,
                             std::shared_ptr<runtime::TlsSessions> sessions,
                             runtime::DialResult& dialled) {
    std::unique_ptr<StartTlsDialogue> dialogue = make_starttls_dialogue(protocol);
    dialled.failure = co_await speak(*dialled.stream, std::move(dialogue));
    std::unique_ptr<runtime::Stream> plain = std::move(dialled.stream);
    if (dialled.failure) co_return;
    runtime::TlsUpgrade upgrade = co_await runtime::start_tls(
        services, std::move(plain), std::move(host), std::move(settings),
        std::vector<std::string>(), std::move(sessions));
    dialled.stream = std::move(upgrade.stream);
    dialled.failure = std::move(upgrade.failure);
    dialled.timings.tls = upgrade.duration;
    dialled.tls = std::move(upgrade.tls);
}

}  // namespace pilotlight::probes
