#include <boost/test/unit_test.hpp>

#include "runtime/url.h"
#include "tests/alerting/sending.h"
#include "tests/support/certificates.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using namespace std::chrono_literals;
using pilotlight::runtime::base64;
using pilotlight::testing::expect;
using pilotlight::testing::reset;
using pilotlight::testing::Script;
using pilotlight::testing::ScriptedServer;
using pilotlight::testing::stall;
using pilotlight::testing::start_tls;

namespace {

// `send` is a system call's name, too.
pilotlight::testing::Step say(std::string text) {
    return pilotlight::testing::send(std::move(text));
}

/// To a server on loopback; `more` in its own words.
IntegrationPtr to_server(const ScriptedServer& server, const std::string& more) {
    return integration("email",
                       "{to: 'a@example.com, B <b@example.com>', from: watch@example.com, hello: "
                       "pilot.example, smarthost: '" +
                           server.address() + "', " + more + "}");
}

Delivery sent_to(const ScriptedServer& server, const std::string& more = "require_tls: false",
                 Duration timeout = 5s) {
    return send_once(to_server(server, more), sample(1, 0, "email"), "", timeout).delivery;
}

constexpr const char* kGreeting = "220 mail.example ESMTP\r\n";

void append(Script& script, const Script& more) {
    script.insert(script.end(), more.begin(), more.end());
}

/// From the sender to the end.
Script transaction() {
    return {expect("MAIL FROM:<watch@example.com>"),
            say("250 ok\r\n"),
            expect("RCPT TO:<a@example.com>\r\n"),
            say("250 ok\r\n"),
            expect("RCPT TO:<b@example.com>\r\n"),
            say("250 ok\r\n"),
            expect("DATA\r\n"),
            say("354 go ahead\r\n"),
            expect("\r\n.\r\n"),
            say("250 queued\r\n"),
            expect("QUIT\r\n"),
            say("221 bye\r\n")};
}

Script greeted(const std::string& extensions) {
    return {say(kGreeting), expect("EHLO pilot.example\r\n"), say(extensions)};
}

Script plainly() {
    Script script = greeted("250 mail.example\r\n");
    append(script, transaction());
    return script;
}

/// The first `steps` of a good conversation, then `last`.
Script until(std::size_t steps, const std::string& last) {
    Script script = plainly();
    script.resize(steps);
    script.push_back(say(last));
    script.push_back(expect("QUIT\r\n"));
    script.push_back(say("221 bye\r\n"));
    return script;
}

struct Encrypted {
    pilotlight::testing::TemporaryFolder folder;
    pilotlight::testing::CertificateAuthority authority;
    std::string trust =
        "tls_config: {ca_file: " + folder.write("ca.pem", authority.certificate()) + "}";
};

}  // namespace

BOOST_AUTO_TEST_SUITE(mail_conversation)

BOOST_AUTO_TEST_CASE(recipients_that_a_label_makes_up_are_nobody) {
    Notification notification = sample(1, 0, "email");
    notification.group_labels = Labels{{"alertname", "a@b.example> RCPT TO:<evil@example.com"}};
    ScriptedServer server(plainly());
    const auto receiver =
        integration("email",
                    "{to: '{{ .GroupLabels.alertname }}', from: watch@example.com, require_tls: "
                    "false, smarthost: '" +
                        server.address() + "'}");
    BOOST_TEST(verdict(send_once(receiver, notification).delivery) == "rejected client_error");
    BOOST_TEST(server.connections() == 0U);
}

BOOST_AUTO_TEST_CASE(a_mail_is_handed_over_after_starttls_and_a_login) {
    Encrypted encrypted;
    Script script = greeted("250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n");
    append(script, {expect("STARTTLS\r\n"), say("220 go\r\n"), start_tls(),
                    expect("EHLO pilot.example\r\n"),
                    say("250-mail.example\r\n250 AUTH PLAIN LOGIN CRAM-MD5\r\n"),
                    expect("AUTH PLAIN "), expect("\r\n"), say("235 welcome\r\n")});
    append(script, transaction());
    ScriptedServer server({script}, {encrypted.authority.issue(), "", 0, "", false});
    const auto delivery =
        sent_to(server, "auth_username: us, auth_password: T0PSECRET, " + encrypted.trust);
    BOOST_TEST(verdict(delivery) == "delivered", delivery.detail);
    const std::string said = server.received();
    using namespace std::string_literals;
    const std::string login = "AUTH PLAIN " + base64("\0us\0T0PSECRET"s) + "\r\n";
    BOOST_TEST(said.find(login) > said.find("STARTTLS\r\n"));
    BOOST_TEST(said.find(login) != std::string::npos, said);
    BOOST_TEST(said.find("\r\nFrom: watch@example.com\r\n") != std::string::npos);
    BOOST_TEST(said.find("\r\nTo: a@example.com") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(other_ways_to_log_in_are_login_and_cram_md5) {
    Encrypted encrypted;
    ScriptedServer::Tls tls{encrypted.authority.issue()};
    const std::string common = "auth_username: us, force_implicit_tls: true, " + encrypted.trust;
    Script login = greeted("250-mail.example\r\n250 AUTH LOGIN\r\n");
    append(login, {expect("AUTH LOGIN "), expect("\r\n"), say("334 UGFzc3dvcmQ6\r\n"),
                   expect(base64("T0PSECRET") + "\r\n"), say("235 welcome\r\n")});
    append(login, transaction());
    ScriptedServer first({login}, tls);
    BOOST_TEST(verdict(sent_to(first, common + ", auth_password: T0PSECRET")) == "delivered");
    Script cram = greeted("250-mail.example\r\n250 AUTH PLAIN CRAM-MD5\r\n");
    append(cram, {expect("AUTH CRAM-MD5\r\n"),
                  say("334 " + base64("<1896.697170952@postoffice.reston.mci.net>") + "\r\n"),
                  // HMAC-MD5 of the challenge under "tanstaaftanstaaf": RFC 2195, 2.
                  expect(base64("us b913a602c7eda7a495b4e6e7334d3890") + "\r\n"),
                  say("235 welcome\r\n")});
    append(cram, transaction());
    ScriptedServer second({cram}, tls);
    BOOST_TEST(verdict(sent_to(second, common + ", auth_secret: tanstaaftanstaaf")) == "delivered");
    BOOST_TEST(second.received().find("tanstaaf") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(without_tls_nothing_is_told_where_tls_is_wanted) {
    Script script = greeted("250-mail.example\r\n250 AUTH PLAIN\r\n");
    script.push_back(stall());
    ScriptedServer server(script);
    const auto delivery = sent_to(server, "auth_username: us, auth_password: T0PSECRET");
    BOOST_TEST(verdict(delivery) == "retry tls", delivery.detail);
    BOOST_TEST(server.received().find("AUTH") == std::string::npos);
    BOOST_TEST(server.received().find("MAIL") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_certificate_that_nobody_vouches_for_is_refused) {
    Script script = greeted("250-mail.example\r\n250 STARTTLS\r\n");
    append(script, {expect("STARTTLS\r\n"), say("220 go\r\n"), start_tls(), stall()});
    ScriptedServer::Tls tls{pilotlight::testing::make_self_signed(), "", 0, "", false};
    ScriptedServer server({script}, tls);
    const auto delivery = sent_to(server, "auth_username: us, auth_password: T0PSECRET");
    BOOST_TEST(verdict(delivery) == "retry tls", delivery.detail);
    BOOST_TEST(server.received().find("AUTH") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_certificate_may_be_for_another_name) {
    Encrypted encrypted;
    pilotlight::testing::CertificateOptions options;
    options.dns_names = {"mail.example"};
    options.ip_addresses = {};
    const std::string ca = encrypted.folder.write("ca.pem", encrypted.authority.certificate());
    ScriptedServer::Tls tls{encrypted.authority.issue(options)};
    ScriptedServer server({plainly()}, tls);
    BOOST_TEST(verdict(sent_to(server, "force_implicit_tls: true, tls_config: {ca_file: " + ca +
                                           "}")) == "retry tls");
    ScriptedServer other({plainly()}, tls);
    BOOST_TEST(verdict(sent_to(other,
                               "force_implicit_tls: true, tls_config: {server_name: "
                               "mail.example, ca_file: " +
                                   ca + "}")) == "delivered");
}

BOOST_AUTO_TEST_CASE(every_answer_has_its_meaning) {
    // After so many steps the server says no: to the greeting, sender, recipient, data, the mail.
    for (const std::size_t steps : {4U, 6U, 10U, 12U}) {
        ScriptedServer later(until(steps, "451 try again later\r\n"));
        const auto passing = sent_to(later);
        BOOST_TEST(verdict(passing) == "retry server_error", steps << passing.detail);
        ScriptedServer never(until(steps, "550 no such user\r\n"));
        const auto refused = sent_to(never);
        BOOST_TEST(verdict(refused) == "rejected client_error", steps << refused.detail);
        BOOST_TEST(refused.detail.find("550 no such user") != std::string::npos, refused.detail);
    }
    ScriptedServer busy(Script{say("421 too busy\r\n")});
    BOOST_TEST(verdict(sent_to(busy)).starts_with("retry "));
}

BOOST_AUTO_TEST_CASE(a_server_that_refuses_and_then_hangs_has_refused) {
    Script script = plainly();
    script.resize(4);
    append(script, {say("550 not you\r\n"), stall()});
    ScriptedServer server(script);
    BOOST_TEST(verdict(sent_to(server, "require_tls: false", 4s)) == "rejected client_error");
}

BOOST_AUTO_TEST_CASE(a_login_that_is_refused_is_told_without_the_password) {
    Encrypted encrypted;
    Script script = greeted("250-mail.example\r\n250 AUTH PLAIN\r\n");
    using namespace std::string_literals;
    append(script, {expect("AUTH PLAIN "), expect("\r\n"),
                    say("535 T0PSECRET " + base64("\0us\0T0PSECRET"s) + " is wrong\r\n"),
                    expect("QUIT\r\n"), say("221 bye\r\n")});
    ScriptedServer server({script}, {encrypted.authority.issue()});
    const auto delivery =
        sent_to(server, "auth_username: us, auth_password: T0PSECRET, force_implicit_tls: true, " +
                            encrypted.trust);
    BOOST_TEST(verdict(delivery) == "rejected client_error");
    BOOST_TEST(delivery.detail.find("T0PSECRET") == std::string::npos, delivery.detail);
    BOOST_TEST(delivery.detail.find(base64("\0us\0T0PSECRET"s)) == std::string::npos);
    BOOST_TEST(delivery.detail.find("535 <secret>") != std::string::npos, delivery.detail);
}

BOOST_AUTO_TEST_CASE(a_conversation_that_breaks_off_is_tried_again) {
    for (std::size_t steps = 1; steps < 13; ++steps) {
        Script script = plainly();
        script.resize(steps);
        script.push_back(reset());
        ScriptedServer server(script);
        const auto delivery = sent_to(server);
        BOOST_TEST(verdict(delivery).starts_with("retry "), steps << " " << verdict(delivery));
    }
    const auto nobody =
        integration("email", "{to: a@b, from: c@d, smarthost: '127.0.0.1:" +
                                 std::to_string(pilotlight::testing::refused_port()) + "'}");
    BOOST_TEST(verdict(send_once(nobody, sample(1, 0, "email")).delivery) == "retry connect");
}

BOOST_AUTO_TEST_CASE(a_server_that_hangs_takes_no_more_than_the_timeout) {
    for (const std::size_t steps : {0U, 2U, 12U}) {
        Script script = plainly();
        script.resize(steps);
        script.push_back(stall());
        ScriptedServer server(script);
        const auto began = steady_now();
        const auto delivery = sent_to(server, "require_tls: false", 300ms);
        BOOST_TEST(verdict(delivery) == "retry timeout", delivery.detail);
        BOOST_TEST((steady_now() - began < 3s));
    }
}

BOOST_AUTO_TEST_CASE(a_line_that_is_a_dot_does_not_end_the_mail) {
    ScriptedServer server(plainly());
    Notification notification = sample(1, 0, "email");
    notification.alerts[0].annotations = Labels{{"summary", "a\n.\nQUIT\n..b"}};
    const auto receiver =
        to_server(server, "require_tls: false, html: '', text: '{{ .CommonAnnotations.summary }}'");
    BOOST_TEST(verdict(send_once(receiver, notification).delivery) == "delivered");
    BOOST_TEST(server.received().find("a\r\n=2E\r\nQUIT\r\n=2E.b\r\n") != std::string::npos,
               server.received());
}

BOOST_AUTO_TEST_SUITE_END()
