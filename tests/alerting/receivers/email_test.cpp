#include <boost/test/unit_test.hpp>

#include "alerting/receivers/mail_text.h"
#include "tests/alerting/samples.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;

namespace {

IntegrationPtr email(const std::string& more = "") {
    return integration("email",
                       "{to: 'ops@example.com', from: 'Pilotlight <watch@example.com>', "
                       "smarthost: 'mail.example.com:25'" +
                           (more.empty() ? "" : ", " + more) + "}");
}

std::string mail(const Notification& notification, const std::string& more = "") {
    return email(more)->render(notification).mail;
}

/// The mail's head, unfolded.
std::string head(const std::string& text) {
    std::string lines = text.substr(0, text.find("\r\n\r\n"));
    for (std::size_t at = lines.find("\r\n "); at != std::string::npos; at = lines.find("\r\n "))
        lines.erase(at, 2);
    return "\r\n" + lines + "\r\n";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(email_receiver)

BOOST_AUTO_TEST_CASE(payloads_are_as_they_were) {
    check_golden("email_firing", email()->render(sample(1, 0, "email")));
    check_golden("email_resolved", email()->render(sample(0, 1, "email")));
    check_golden("email_thirty", email()->render(sample(30, 0, "email")));
    check_golden("email_hostile", email()->render(hostile("email")));
    check_golden("email_all_options",
                 email("headers: {subject: 'Ärger: {{ .Status }}', reply-to: r@example.com, "
                       "x-team: '{{ .CommonLabels.service }}'}, html: '', text: 'just text', "
                       "threading: {enabled: true, thread_by_date: daily}")
                     ->render(sample(1, 0, "email")));
}

BOOST_AUTO_TEST_CASE(nothing_a_label_says_becomes_a_header) {
    Notification notification = sample(1, 0, "email");
    const std::string evil = "x\r\nBcc: evil@example.com\r\n\r\nbody\nX-Evil: 1\r\x0b\x85";
    notification.group_labels = Labels{{"alertname", evil}};
    notification.alerts[0].labels = Labels{{"alertname", evil}, {"team", evil}};
    const std::string text = mail(notification, "headers: {X-Team: '{{ .CommonLabels.team }}'}");
    const std::string lines = head(text);
    BOOST_TEST(lines.find("\r\nBcc:") == std::string::npos, lines);
    BOOST_TEST(lines.find("\r\nX-Evil:") == std::string::npos, lines);
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1))
        BOOST_TEST(text[at - 1] == '\r');
    for (const char c : text)
        BOOST_TEST((c == '\r' || c == '\n' || (c >= 0x20 && c < 0x7f)));
}

BOOST_AUTO_TEST_CASE(nothing_a_label_says_becomes_html) {
    Notification notification = sample(1, 0, "email");
    notification.alerts[0].annotations =
        Labels{{"summary", "<script>alert(1)</script>"},
               {"runbook_url", "https://x/\"onmouseover=\"evil()"}};
    notification.alerts[0].generator_url = "javascript:alert(1)";
    const std::string text = mail(notification);
    const std::string html = text.substr(text.find("text/html"));
    BOOST_TEST(html.find("<script") == std::string::npos);
    BOOST_TEST(html.find("\"onmouseover") == std::string::npos);
    BOOST_TEST(html.find("javascript:") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_line_is_longer_than_mail_servers_take) {
    for (const Notification& notification : {hostile("email"), sample(500, 0, "email")}) {
        const std::string text = mail(notification);
        std::size_t begin = 0;
        for (std::size_t end = text.find("\r\n"); end != std::string::npos;
             begin = end + 2, end = text.find("\r\n", begin)) {
            BOOST_REQUIRE(end - begin <= 998U);
        }
        BOOST_TEST(text.size() < 10'000'000U);
    }
}

BOOST_AUTO_TEST_CASE(the_mails_of_a_group_are_one_thread_and_a_repeat_is_the_same_mail) {
    Notification later = sample(0, 1, "email");
    later.sequence = 8;
    const std::string first = head(mail(sample(1, 0, "email")));
    const std::string second = head(mail(later));
    const std::string root = "<0fc70b2f97ab016670e7430176a5c43a@example.com>";
    for (const std::string& one : {first, second}) {
        BOOST_TEST(one.find("\r\nReferences: " + root + "\r\n") != std::string::npos, one);
        BOOST_TEST(one.find("\r\nIn-Reply-To: " + root + "\r\n") != std::string::npos);
    }
    BOOST_TEST(first.find("\r\nMessage-Id: <0fc70b2f97ab016670e7430176a5c43a.7@example.com>\r\n") !=
               std::string::npos);
    BOOST_TEST(second.find("5c43a.8@example.com>") != std::string::npos);
    BOOST_TEST(
        head(mail(sample(1, 0, "email"), "threading: {enabled: false}")).find("References") ==
        std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_failing_template_goes_out_plain_with_the_error) {
    const Message message = email("html: '{{ .Alerts.Nothing }}'")->render(sample(1, 0, "email"));
    BOOST_TEST(!message.template_error.empty());
    BOOST_TEST(message.mail.find("The shop is down") != std::string::npos);
    BOOST_TEST(message.mail.find("(a template failed: ") != std::string::npos);
    BOOST_TEST(message.mail.find("text/html") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_it_lacks_is_told) {
    const auto of = [](const std::string& entry, const std::string& global = "") {
        return mistakes("global: {" + global +
                        "}\nroute: {receiver: ops}\nreceivers:\n  - name: ops\n    email_configs: "
                        "[{" +
                        entry + "}]\n");
    };
    const std::string good = "to: a@b.example, from: c@d.example, smarthost: 'm:25'";
    BOOST_TEST(of(good) == "");
    BOOST_TEST(of("to: a@b.example", "smtp_from: c@d.example, smtp_smarthost: 'm:25'") == "");
    BOOST_TEST(of("from: c@d.example, smarthost: 'm:25'").find("\"to\"") != std::string::npos);
    BOOST_TEST(of("to: a@b.example, smarthost: 'm:25'").find("no sender") != std::string::npos);
    BOOST_TEST(of("to: a@b.example, from: c@d.example").find("no mail server") !=
               std::string::npos);
    BOOST_TEST(of("to: nobody, from: c@d.example, smarthost: 'm:25'").find("no list of mail") !=
               std::string::npos);
    BOOST_TEST(of(good + ", auth_username: us").find("needs auth_password") != std::string::npos);
    BOOST_TEST(of(good + ", hello: 'a b'").find("hello is no host name") != std::string::npos);
    BOOST_TEST(of(good + ", headers: {subject: a, Subject: b}").find("is there twice") !=
               std::string::npos);
    BOOST_TEST(of(good + ", headers: {'a b': c}").find("no header") != std::string::npos);
    BOOST_TEST(of(good + ", headers: {content-type: c}").find("no header") != std::string::npos);
    BOOST_TEST(of("to: a@b.example, from: c@d.example, smarthost: mail") != "");
    BOOST_TEST(of(good + ", threading: {thread_by_date: weekly}").find("daily or none") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(address_lists_are_read_as_people_write_them) {
    const auto read = [](const std::string& text) {
        const auto found = parse_mail_addresses(text);
        if (!found) return std::string("none");
        std::string all;
        for (const std::string& address : *found)
            all += address + ";";
        return all;
    };
    BOOST_TEST(read("a@b.example") == "a@b.example;");
    BOOST_TEST(read(" Ops <a@b.example> , c@d.example,") == "a@b.example;c@d.example;");
    BOOST_TEST(read("\"Doe, Jane\" <j@d.example>") == "j@d.example;");
    BOOST_TEST(read("no address") == "none");
    BOOST_TEST(read("a@b.example c@d.example") == "none");
    BOOST_TEST(read("<a@b.example> x") == "none");
    BOOST_TEST(read("a@b.example\r\nRCPT TO:<x@y.example>") == "none");
    BOOST_TEST(read("@b.example") == "none");
}

BOOST_AUTO_TEST_SUITE_END()
