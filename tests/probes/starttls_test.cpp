#include "probes/starttls.h"

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

#include "probes/probers.h"
#include "tests/probes/probe_now.h"
#include "tests/support/certificates.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::testing;
using namespace std::string_literals;
using probes::make_tcp;
using probes::make_tls;
using probes::Report;
using probes::StartTls;
using Next = probes::StartTlsDialogue::Step;

namespace {

/// Everything that was said, and how it ended: "secure", "waits" or the reason.
struct Heard {
    std::string said;
    std::string end;
    std::string detail;
};

/// Feeds the answers piece by piece, the next piece when there is nothing left to do.
Heard hear(StartTls protocol, std::string_view answers, std::size_t piece) {
    const auto dialogue = probes::make_starttls_dialogue(protocol);
    Heard heard;
    while (true) {
        const Next step = dialogue->next();
        switch (step.kind) {
            case Next::Kind::say:
                heard.said += step.text;
                break;
            case Next::Kind::secure:
                heard.end = "secure";
                return heard;
            case Next::Kind::failed:
                heard.end = step.reason;
                heard.detail = step.text;
                return heard;
            case Next::Kind::wait:
                if (answers.empty()) {
                    heard.end = "waits";
                    return heard;
                }
                dialogue->feed(answers.substr(0, piece));
                answers.remove_prefix(std::min(piece, answers.size()));
        }
    }
}

/// The end is the same however the bytes are cut; that of the bytes one by one.
std::string end_of(StartTls protocol, std::string_view answers) {
    const Heard heard = hear(protocol, answers, 1);
    BOOST_TEST(hear(protocol, answers, 3).end == heard.end);
    return heard.end;
}

/// MySQL's greeting of version 10 with what it can do.
std::string greeting(std::uint16_t can) {
    std::string packet = "\x0a"s + "8.0.36"s + '\0' + "\x01\x00\x00\x00"s + "12345678"s + '\0';
    packet += static_cast<char>(can & 0xff);
    packet += static_cast<char>(can >> 8);
    packet += "\x21\x02\x00\xff\xc1\x15"s + std::string(10, '\0') + "123456789012"s + '\0' +
              "caching_sha2_password"s + '\0';
    return std::string{static_cast<char>(packet.size()), '\0', '\0', '\0'} + packet;
}

/// LDAP's ExtendedResponse, message `id`, with a result and a text.
std::string extended_response(char id, char result, const std::string& text) {
    const std::string body =
        "\x0a\x01"s + result + "\x04\x00\x04"s + static_cast<char>(text.size()) + text;
    const std::string message = "\x02\x01"s + id + "\x78"s + static_cast<char>(body.size()) + body;
    return "\x30"s + static_cast<char>(message.size()) + message;
}

constexpr std::string_view kSmtp =
    "220-mx.example ESMTP\r\n220 ready\r\n"
    "250-mx.example\r\n250-SIZE 1000\r\n250-STARTTLS\r\n250 HELP\r\n"
    "220 2.0.0 go ahead\r\n";
constexpr std::string_view kImap =
    "* OK [CAPABILITY IMAP4rev1] ready\r\n"
    "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\np1 OK done\r\n"
    "* OK one moment\r\np2 OK begin\r\n";
constexpr std::string_view kPop3 = "+OK ready\r\n+OK here\r\nTOP\r\nSTLS\r\n.\r\n+OK begin\r\n";

/// An authority that the probes trust, and a server of its that goes over to TLS by a script.
struct Trusted {
    CertificateAuthority authority;
    TemporaryFolder folder;
    std::string ca_file = folder.write("ca.pem", authority.certificate());

    [[nodiscard]] ScriptedServer::Tls later() {
        return {.identity = authority.issue(), .at_once = false};
    }
    [[nodiscard]] std::string options(const std::string& protocol) const {
        return "starttls: " + protocol + "\nca_file: " + ca_file + "\n";
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(starttls)

BOOST_AUTO_TEST_CASE(each_protocol_says_what_its_documents_say) {
    const std::pair<StartTls, std::pair<std::string_view, std::string>> dialogues[] = {
        {StartTls::smtp, {kSmtp, "EHLO pilotlight\r\nSTARTTLS\r\n"}},
        {StartTls::imap, {kImap, "p1 CAPABILITY\r\np2 STARTTLS\r\n"}},
        {StartTls::pop3, {kPop3, "CAPA\r\nSTLS\r\n"}},
        {StartTls::postgres, {"S", "\x00\x00\x00\x08\x04\xd2\x16\x2f"s}}};
    for (const auto& [protocol, dialogue] : dialogues) {
        const Heard heard = hear(protocol, dialogue.first, 1);
        BOOST_TEST(heard.end == "secure");
        BOOST_TEST(heard.said == dialogue.second);
        BOOST_TEST(hear(protocol, dialogue.first.substr(0, dialogue.first.size() - 1), 1).end ==
                   "waits");
    }
    const Heard ldap = hear(StartTls::ldap, extended_response(1, 0, ""), 1);
    BOOST_TEST(ldap.end == "secure");
    BOOST_TEST(ldap.said.size() == 31U);
    BOOST_TEST(ldap.said.ends_with("1.3.6.1.4.1.1466.20037"));
    const Heard mysql = hear(StartTls::mysql, greeting(0xffff), 1);
    BOOST_TEST(mysql.end == "secure");
    BOOST_TEST(mysql.said.size() == 36U);
    BOOST_TEST(mysql.said.starts_with("\x20\x00\x00\x01"s));
}

BOOST_AUTO_TEST_CASE(a_server_without_tls_does_not_offer_it) {
    BOOST_TEST(end_of(StartTls::smtp, "220 mx\r\n250-mx\r\n250 HELP\r\n") == "not_offered");
    BOOST_TEST(end_of(StartTls::imap, "* OK hi\r\n* CAPABILITY IMAP4rev1\r\np1 OK\r\n") ==
               "not_offered");
    BOOST_TEST(end_of(StartTls::pop3, "+OK hi\r\n+OK\r\nTOP\r\n.\r\n") == "not_offered");
    BOOST_TEST(end_of(StartTls::postgres, "N") == "not_offered");
    BOOST_TEST(end_of(StartTls::ldap, extended_response(1, 2, "unsupported")) == "not_offered");
    BOOST_TEST(end_of(StartTls::mysql, greeting(0xf7ff)) == "not_offered");
}

BOOST_AUTO_TEST_CASE(a_word_that_only_begins_like_it_is_no_offer) {
    BOOST_TEST(end_of(StartTls::smtp, "220 STARTTLS\r\n250-mx\r\n250 STARTTLSX\r\n") ==
               "not_offered");
    BOOST_TEST(end_of(StartTls::imap, "* OK STARTTLS\r\n* CAPABILITY NOSTARTTLS\r\np1 OK\r\n") ==
               "not_offered");
    BOOST_TEST(end_of(StartTls::smtp, "220 mx\r\n250-mx\r\n250 starttls\r\n") == "waits");
}

BOOST_AUTO_TEST_CASE(a_server_that_says_no_is_quoted) {
    const std::pair<StartTls, std::string> refusals[] = {
        {StartTls::smtp, "421 too busy\r\n"},
        {StartTls::smtp, "220 mx\r\n550 too busy\r\n"},
        {StartTls::smtp, "220 mx\r\n250 STARTTLS\r\n454 too busy\r\n"},
        {StartTls::imap, "* BYE too busy\r\n"},
        {StartTls::imap, "* OK\r\n* CAPABILITY STARTTLS\r\np1 OK\r\np2 NO too busy\r\n"},
        {StartTls::pop3, "-ERR too busy\r\n"},
        {StartTls::pop3, "+OK\r\n-ERR no CAPA\r\n-ERR too busy\r\n"},
        {StartTls::postgres, "E\x00\x00\x00\x1dSFATAL\0C53300\0Mtoo busy\0\0"s},
        {StartTls::ldap, extended_response(1, 51, "too busy")},
        {StartTls::ldap, extended_response(0, 52, "too busy")},
        {StartTls::mysql, "\x0b\x00\x00\x00\xff\x10\x04too busy"s}};
    for (const auto& [protocol, answers] : refusals) {
        const Heard heard = hear(protocol, answers, 1);
        BOOST_TEST(heard.end == "refused", answers);
        BOOST_TEST(heard.detail.contains("too busy"), heard.detail);
    }
    BOOST_TEST(end_of(StartTls::imap, "* PREAUTH come in\r\n") == "refused");
    BOOST_TEST(end_of(StartTls::pop3, "+OK\r\n-ERR no CAPA\r\n+OK begin\r\n") == "secure");
}

BOOST_AUTO_TEST_CASE(another_protocol_is_told_as_that) {
    const std::string http = "HTTP/1.1 400 Bad Request\r\n\r\n";
    for (const StartTls protocol : {StartTls::smtp, StartTls::imap, StartTls::pop3,
                                    StartTls::postgres, StartTls::ldap, StartTls::mysql}) {
        BOOST_TEST(hear(protocol, http, http.size()).end == "protocol");
    }
    BOOST_TEST(end_of(StartTls::smtp, "220-mx\r\n250 mx\r\n") == "protocol");
    BOOST_TEST(end_of(StartTls::smtp, "22\r\n") == "protocol");
    BOOST_TEST(end_of(StartTls::imap, "p1 OK\r\n") == "protocol");
    BOOST_TEST(end_of(StartTls::imap, "* OK\r\np9 OK\r\n") == "protocol");
    BOOST_TEST(end_of(StartTls::ldap, "\x30\x80\x02\x01\x01"s) == "protocol");
    BOOST_TEST(end_of(StartTls::ldap, "\x30\x03\x02\x01\x01"s) == "protocol");
    BOOST_TEST(end_of(StartTls::ldap, "\x30\x84\xff\xff\xff\xff"s) == "protocol");
    BOOST_TEST(end_of(StartTls::mysql,
                      "\x05\x00\x00\x00\x0a"
                      "8.0."s) == "protocol");
    BOOST_TEST(end_of(StartTls::mysql, "\xff\xff\xff\x00\x0a"s) == "protocol");
    BOOST_TEST(end_of(StartTls::mysql, "\x00\x00\x00\x00"s) == "protocol");
}

BOOST_AUTO_TEST_CASE(what_is_sent_ahead_of_the_handshake_is_not_trusted) {
    BOOST_TEST(hear(StartTls::postgres, "SS", 2).end == "injected");
    const std::string smtp = std::string(kSmtp) + "250 hello\r\n";
    BOOST_TEST(hear(StartTls::smtp, smtp, smtp.size()).end == "injected");
    const std::string ldap = extended_response(1, 0, "") + "x";
    BOOST_TEST(hear(StartTls::ldap, ldap, ldap.size()).end == "injected");
    const std::string mysql = greeting(0xffff) + "x";
    BOOST_TEST(hear(StartTls::mysql, mysql, mysql.size()).end == "protocol");
}

BOOST_AUTO_TEST_CASE(endless_answers_have_an_end) {
    const std::string line(100'000, 'x');
    BOOST_TEST(hear(StartTls::smtp, line, 4'096).end == "answer_too_large");
    std::string lines = "* OK\r\n";
    while (lines.size() < 100'000)
        lines += "* more\r\n";
    BOOST_TEST(hear(StartTls::imap, lines, 4'096).end == "answer_too_large");
    std::string greetings;
    while (greetings.size() < 100'000)
        greetings += "220-hello\r\n";
    BOOST_TEST(hear(StartTls::smtp, greetings, 4'096).end == "answer_too_large");
}

BOOST_AUTO_TEST_CASE(control_characters_of_a_server_do_not_reach_a_message) {
    const Heard heard = hear(StartTls::smtp, "554 \x1b[31mno\r\n", 100);
    BOOST_TEST(!heard.detail.contains('\x1b'));
    BOOST_TEST(
        hear(StartTls::smtp, "554 " + std::string(5'000, 'x') + "\r\n", 9'000).detail.size() < 200);
}

BOOST_FIXTURE_TEST_CASE(the_certificate_behind_starttls_is_read, Trusted) {
    const std::pair<std::string, Script> servers[] = {
        {"smtp",
         {send("220 mx\r\n"), expect("EHLO pilotlight\r\n"), send("250-mx\r\n250 STARTTLS\r\n"),
          expect("STARTTLS\r\n"), send("220 go\r\n"), start_tls(), expect("QUIT\r\n"), stall()}},
        {"imap",
         {send("* OK\r\n"), expect("CAPABILITY\r\n"), send("* CAPABILITY STARTTLS\r\np1 OK\r\n"),
          expect("STARTTLS\r\n"), send("p2 OK\r\n"), start_tls(), expect("LOGOUT\r\n"), stall()}},
        {"pop3",
         {send("+OK\r\n"), expect("CAPA\r\n"), send("+OK\r\nSTLS\r\n.\r\n"), expect("STLS\r\n"),
          send("+OK\r\n"), start_tls(), expect("QUIT\r\n"), stall()}},
        {"postgres", {expect("\x04\xd2\x16\x2f"), send("S"), start_tls(), stall()}},
        {"ldap", {expect("1466.20037"), send(extended_response(1, 0, "")), start_tls(), stall()}},
        {"mysql",
         {send(greeting(0xffff)), expect("\x20\x00\x00\x01"s), expect(std::string(23, '\0')),
          start_tls(), expect("mysql_native_password"), send("\x02\x00\x00\x03\xfe\x00"s),
          expect("\x00\x00\x00\x04"s), send("\x03\x00\x00\x05\xff\x15\x04"s), stall()}}};
    for (const auto& [protocol, script] : servers) {
        const ScriptedServer server({script}, later());
        const Report report = probe_now(&make_tls, server.address(), options(protocol));
        BOOST_TEST(verdict_of(report) == "", protocol);
        BOOST_TEST(label_of(report, "probe_ssl_last_chain_info", "subject") == "CN=localhost");
        BOOST_TEST(value_of(report, "probe_ssl_earliest_cert_expiry").has_value());
    }
}

BOOST_AUTO_TEST_CASE(mysql_is_left_by_a_login_that_is_refused) {
    const auto leave = [](std::string_view answers) {
        const auto farewell = probes::make_mysql_farewell();
        std::string said;
        while (true) {
            const Next step = farewell->next();
            if (step.kind == Next::Kind::secure) return said + "|done";
            if (step.kind == Next::Kind::failed) return said + "|" + step.reason;
            if (step.kind == Next::Kind::wait && answers.empty()) return said + "|waits";
            if (step.kind == Next::Kind::say) {
                said += step.text;
                continue;
            }
            farewell->feed(answers.substr(0, 1));
            answers.remove_prefix(1);
        }
    };
    const std::string login = leave("");
    BOOST_TEST(login.size() == 4U + 56 + 6);
    BOOST_TEST(login.starts_with("\x38\x00\x00\x02"s));
    BOOST_TEST(leave("\x03\x00\x00\x03\xff\x15\x04"s).ends_with("|done"));
    BOOST_TEST(leave("\x01\x00\x00\x03\x00"s).ends_with("\x01\x00\x00\x00\x01|done"s));
    BOOST_TEST(leave("\x01\x00\x00\x03\xfe"s).ends_with("\x00\x00\x00\x04|waits"s));
    BOOST_TEST(leave("\x01\x00\x00\x03\xfe\x01\x00\x00\x05\xfe"s).ends_with("|done"));
    BOOST_TEST(leave("\x00\x00\x00\x03"s).ends_with("|protocol"));
}

BOOST_FIXTURE_TEST_CASE(a_bad_certificate_behind_starttls_fails_and_is_read, Trusted) {
    CertificateAuthority stranger("Stranger");
    const ScriptedServer server({{expect("\x04\xd2\x16\x2f"), send("S"), start_tls(), stall()}},
                                {.identity = stranger.issue(), .at_once = false});
    const Report report = probe_now(&make_tls, server.address(), options("postgres"));
    BOOST_TEST(verdict_of(report) == "tls/certificate_untrusted");
    BOOST_TEST(label_of(report, "probe_ssl_last_chain_info", "issuer") == "CN=Stranger");
}

BOOST_FIXTURE_TEST_CASE(a_version_that_is_too_old_behind_starttls_is_read_all_the_same, Trusted) {
    ScriptedServer::Tls old = later();
    old.max_version = 0x0302;
    const ScriptedServer server({{expect("\x04\xd2\x16\x2f"), send("S"), start_tls(), stall()}},
                                old);
    const Report report = probe_now(&make_tls, server.address(), options("postgres"));
    BOOST_TEST(verdict_of(report) == "tls/protocol_version");
    BOOST_TEST(report.outcome.detail == "the server speaks TLS 1.1, expected TLS 1.2 at least");
    BOOST_TEST(label_of(report, "probe_ssl_last_chain_info", "subject") == "CN=localhost");
}

BOOST_FIXTURE_TEST_CASE(a_refusal_or_silence_ends_in_its_phase, Trusted) {
    const ScriptedServer refuses({send("554 go away\r\n"), stall()});
    const Report refused = probe_now(&make_tls, refuses.address(), options("smtp"));
    BOOST_TEST(verdict_of(refused) == "starttls/refused");
    BOOST_TEST(refused.outcome.detail.contains("554 go away"));
    const ScriptedServer silent(Script{stall()});
    BOOST_TEST(verdict_of(probe_now(&make_tls, silent.address(), options("imap"),
                                    std::chrono::milliseconds(300))) == "starttls/timeout");
    const ScriptedServer leaves({send("+OK\r\n"), expect("CAPA\r\n"), close()});
    BOOST_TEST(verdict_of(probe_now(&make_tls, leaves.address(), options("pop3"))) ==
               "starttls/closed");
    const ScriptedServer plain({expect("\x04\xd2\x16\x2f"), send("S"), expect("\x16"),
                                send("nonsense, not TLS at all\r\n"), stall()});
    BOOST_TEST(verdict_of(probe_now(&make_tls, plain.address(), options("postgres"))) ==
               "tls/not_tls");
}

BOOST_FIXTURE_TEST_CASE(a_script_goes_on_behind_starttls, Trusted) {
    const ScriptedServer server(
        {{send("220 mx\r\n"), expect("EHLO pilotlight\r\n"), send("250 STARTTLS\r\n"),
          expect("STARTTLS\r\n"), send("220 go\r\n"), start_tls(), expect("EHLO again\n"),
          send("250 safe\r\n"), stall()}},
        later());
    const std::string script = "starttls: smtp\ntls_config: {ca_file: " + ca_file +
                               "}\nquery_response: [{send: EHLO again}, {expect: ^250 safe}]\n";
    const Report report = probe_now(&make_tcp, server.address(), script);
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(value_of(report, "probe_ssl_earliest_cert_expiry").has_value());
}

BOOST_AUTO_TEST_CASE(options_that_do_not_go_together_are_refused) {
    BOOST_TEST(refusal_of(&make_tls, "a:1", "starttls: ftp")
                   .contains("expected postgres, smtp, imap, pop3, ldap or mysql"));
    BOOST_TEST(refusal_of(&make_tcp, "a:1", "{starttls: smtp, tls: true}")
                   .contains("expected one of starttls, tls: true"));
    BOOST_TEST(refusal_of(&make_tls, "mail.example", "starttls: smtp") == "");
    BOOST_TEST(refusal_of(&make_tcp, "a:1", "resume_sessions: {}")
                   .contains("resume_sessions needs tls: true or starttls"));
}

BOOST_AUTO_TEST_SUITE_END()
