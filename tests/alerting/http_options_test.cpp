#include "alerting/http_options.h"

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
using pilotlight::testing::http_answer;
using pilotlight::testing::Script;
using pilotlight::testing::ScriptedServer;

namespace {

std::string through(const std::string& no_proxy, const std::string& url) {
    return ProxyChoice(Secret("http://proxy:3128"), no_proxy).proxy_for(url).reveal();
}

bool is_direct(const std::string& no_proxy, const std::string& url) {
    return through(no_proxy, url).empty();
}

/// Sets a variable for the test's time.
class Environment {
  public:
    Environment(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment() { unsetenv(name_); }

  private:
    const char* name_;
};

IntegrationPtr hook(const std::string& url, const std::string& http_config) {
    return integration("webhook", "{url: '" + url + "', http_config: {" + http_config + "}}");
}

std::string oauth2(const ScriptedServer& tokens, const std::string& more = "") {
    return "oauth2: {client_id: 'us & you', client_secret: T0PSECRET, token_url: '" +
           tokens.url("/token") + "'" + more + "}";
}

Script token(const std::string& text, const std::string& more = "") {
    return http_answer(200,
                       R"({"access_token":")" + text + R"(","token_type":"Bearer")" + more + "}",
                       {"Content-Type: application/json"});
}

std::size_t count(const std::string& text, const std::string& what) {
    std::size_t found = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
        ++found;
    return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_options)

BOOST_AUTO_TEST_CASE(a_proxy_holds_for_all_but_what_no_proxy_names) {
    BOOST_TEST(through("", "http://127.0.0.1/") == "http://proxy:3128");
    BOOST_TEST(through("other.example", "https://hooks.example/") == "http://proxy:3128");
    BOOST_TEST(is_direct("hooks.example", "https://hooks.example/x"));
    BOOST_TEST(is_direct("a, HOOKS.example ,b", "https://hooks.example/x"));
    BOOST_TEST(is_direct("example", "https://hooks.example/"));
    BOOST_TEST(!is_direct("ooks.example", "https://hooks.example/"));
    BOOST_TEST(is_direct(".example", "https://hooks.example/"));
    BOOST_TEST(!is_direct(".hooks.example", "https://hooks.example/"));
    BOOST_TEST(is_direct("*.example", "https://hooks.example/"));
    BOOST_TEST(is_direct("*", "https://hooks.example/"));
    BOOST_TEST(is_direct("hooks.example:8443", "https://hooks.example:8443/"));
    BOOST_TEST(!is_direct("hooks.example:8443", "https://hooks.example/"));
    BOOST_TEST(is_direct("192.0.2.7", "http://192.0.2.7/"));
    BOOST_TEST(is_direct("192.0.2.0/28", "http://192.0.2.15/"));
    BOOST_TEST(!is_direct("192.0.2.0/28", "http://192.0.2.16/"));
    BOOST_TEST(!is_direct("192.0.2.0/99", "http://192.0.2.1/"));
    BOOST_TEST(is_direct("2001:db8::/32", "http://[2001:db8::5]/"));
    BOOST_TEST(!is_direct("2001:db8::/32", "http://192.0.2.1/"));
    // Loopback is near enough, once there is any exception.
    BOOST_TEST(is_direct("x", "http://127.0.0.1:9/"));
    BOOST_TEST(is_direct("x", "http://localhost:9/"));
    BOOST_TEST(is_direct("x", "http://[::1]:9/"));
    BOOST_TEST(is_direct("", "no url"));
}

BOOST_AUTO_TEST_CASE(the_environment_names_a_proxy_for_each_scheme) {
    const Environment http("HTTP_PROXY", "plain:1");
    const Environment https("HTTPS_PROXY", "http://secure:2");
    const Environment none("NO_PROXY", "direct.example");
    const ProxyChoice choice = ProxyChoice::from_environment();
    BOOST_TEST(choice.proxy_for("http://a.example/").reveal() == "http://plain:1");
    BOOST_TEST(choice.proxy_for("https://a.example/").reveal() == "http://secure:2");
    BOOST_TEST(choice.proxy_for("https://direct.example/").reveal() == "");
    BOOST_TEST(choice.proxy_for("http://localhost/").reveal() == "");
}

BOOST_AUTO_TEST_CASE(a_message_goes_through_the_proxy) {
    ScriptedServer proxy(http_answer(200));
    const auto receiver = hook("http://hooks.example/x", "proxy_url: '" + proxy.url() + "'");
    BOOST_TEST(verdict(send_once(receiver, sample(1, 0, "webhook")).delivery) == "delivered");
    BOOST_TEST(proxy.received().starts_with("POST http://hooks.example/x HTTP/1.1\r\n"));
}

BOOST_AUTO_TEST_CASE(proxies_that_contradict_each_other_are_refused) {
    const auto of = [](const std::string& options) {
        return mistakes(
            "route: {receiver: ops}\nreceivers:\n  - name: ops\n    webhook_configs: [{url: "
            "'http://x', http_config: {" +
            options + "}}]\n");
    };
    BOOST_TEST(of("no_proxy: x").find("no_proxy needs a proxy_url") != std::string::npos);
    BOOST_TEST(of("proxy_from_environment: true, proxy_url: 'http://p:1'")
                   .find("proxy_url does not go with proxy_from_environment") != std::string::npos);
    BOOST_TEST(of("proxy_url: 'https://p:1'").find("expected a URL that begins with http://") !=
               std::string::npos);
    BOOST_TEST(of("proxy_from_environment: true") == "");
    BOOST_TEST(
        of("oauth2: {client_id: a, token_url: 'http://t', client_secret: s}, bearer_token: b")
            .find("at most one of basic_auth, authorization, oauth2") != std::string::npos);
    BOOST_TEST(of("oauth2: {client_id: a, token_url: 'ftp://t'}") != "");
}

BOOST_AUTO_TEST_CASE(a_token_is_fetched_once_and_sent_with_each_message) {
    ScriptedServer tokens(token("abc", R"(,"expires_in":3600)"));
    ScriptedServer server(http_answer(200));
    const auto receiver =
        hook(server.url(), oauth2(tokens, ", scopes: [a, b], endpoint_params: {audience: 'x/y'}"));
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(verdict(send_once(receiver, sample(1, 0, "webhook")).delivery) == "delivered");
        BOOST_TEST(server.received(i).find("Authorization: Bearer abc\r\n") != std::string::npos);
    }
    BOOST_TEST(tokens.connections() == 1U);
    const std::string asked = tokens.received();
    BOOST_TEST(asked.find("Authorization: Basic " + runtime::base64("us%20%26%20you:T0PSECRET") +
                          "\r\n") != std::string::npos);
    BOOST_TEST(asked.ends_with("grant_type=client_credentials&scope=a%20b&audience=x%2Fy"));
}

BOOST_AUTO_TEST_CASE(a_token_that_ran_out_or_is_refused_is_fetched_anew) {
    ScriptedServer tokens({token("one", R"(,"expires_in":5)"), token("two"), token("three")});
    ScriptedServer server({http_answer(200), http_answer(200), http_answer(401), http_answer(200)});
    const auto receiver = hook(server.url(), oauth2(tokens));
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(verdict(send_once(receiver, sample(1, 0, "webhook")).delivery) == "delivered");
    BOOST_TEST(tokens.connections() == 3U);
    BOOST_TEST(server.received(0).find("Bearer one") != std::string::npos);
    BOOST_TEST(server.received(1).find("Bearer two") != std::string::npos);
    BOOST_TEST(server.received(2).find("Bearer two") != std::string::npos);
    BOOST_TEST(server.received(3).find("Bearer three") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_new_token_that_is_refused_is_the_receivers_word) {
    ScriptedServer tokens(token("T0PSECRET"));
    ScriptedServer server(http_answer(401, "bad token T0PSECRET"));
    const auto receiver = hook(server.url(), oauth2(tokens));
    const Delivery delivery = send_once(receiver, sample(1, 0, "webhook")).delivery;
    BOOST_TEST(verdict(delivery) == "rejected client_error");
    BOOST_TEST(delivery.detail == "HTTP 401: bad token <secret>");
    BOOST_TEST(server.connections() == 1U);
}

BOOST_AUTO_TEST_CASE(a_server_that_wants_the_secret_in_the_body_gets_it_there) {
    ScriptedServer tokens({http_answer(401), token("abc")});
    ScriptedServer server(http_answer(200));
    const auto receiver = hook(server.url(), oauth2(tokens));
    BOOST_TEST(verdict(send_once(receiver, sample(1, 0, "webhook")).delivery) == "delivered");
    BOOST_TEST(tokens.received(1).ends_with("&client_id=us%20%26%20you&client_secret=T0PSECRET"));
    BOOST_TEST(count(tokens.received(1), "Authorization") == 0U);
}

BOOST_AUTO_TEST_CASE(without_a_token_it_is_tried_again_later) {
    for (const Script& script :
         {http_answer(500, "T0PSECRET"), http_answer(403), http_answer(200, "no json"),
          http_answer(200, "{}"), http_answer(200, "[1]"), token("with\\r\\nnewline"),
          Script{pilotlight::testing::reset()}}) {
        ScriptedServer tokens(script);
        ScriptedServer server(http_answer(200));
        const Delivery delivery =
            send_once(hook(server.url(), oauth2(tokens)), sample(1, 0, "webhook")).delivery;
        BOOST_TEST((delivery.kind == Delivery::Kind::retry));
        BOOST_TEST(delivery.detail.find("no token") != std::string::npos, delivery.detail);
        BOOST_TEST(delivery.detail.find("T0PSECRET") == std::string::npos);
        BOOST_TEST(server.connections() == 0U);
    }
}

BOOST_AUTO_TEST_CASE(a_client_certificate_is_shown) {
    const pilotlight::testing::TemporaryFolder folder;
    pilotlight::testing::CertificateAuthority authority;
    const auto ours = authority.issue();
    folder.write("ca.pem", authority.certificate());
    folder.write("cert.pem", ours.certificate);
    folder.write("key.pem", ours.key);
    ScriptedServer::Tls tls{authority.issue(), authority.certificate()};
    ScriptedServer server({http_answer(200)}, tls);
    const std::string path = folder.path().string();
    const std::string ca = "tls_config: {ca_file: " + path + "/ca.pem";
    const auto with = hook(
        server.url(), ca + ", cert_file: " + path + "/cert.pem, key_file: " + path + "/key.pem}");
    BOOST_TEST(verdict(send_once(with, sample(1, 0, "webhook")).delivery) == "delivered");
    const auto without = hook(server.url(), ca + "}");
    BOOST_TEST(verdict(send_once(without, sample(1, 0, "webhook")).delivery) != "delivered");
}

BOOST_AUTO_TEST_CASE(certificates_may_stand_in_the_file) {
    pilotlight::testing::CertificateAuthority authority;
    const auto ours = authority.issue();
    ScriptedServer::Tls tls{authority.issue(), authority.certificate()};
    ScriptedServer server({http_answer(200)}, tls);
    const auto quoted = [](std::string pem) {
        for (std::size_t at = pem.find('\n'); at != std::string::npos; at = pem.find('\n', at))
            pem.replace(at, 1, "\\n");
        return "\"" + pem + "\"";
    };
    const std::string ca = "tls_config: {ca: " + quoted(authority.certificate());
    const auto with = hook(server.url(), ca + ", cert: " + quoted(ours.certificate) +
                                             ", key: " + quoted(ours.key) + "}");
    BOOST_TEST(verdict(send_once(with, sample(1, 0, "webhook")).delivery) == "delivered");
    const auto without = hook(server.url(), ca + "}");
    BOOST_TEST(verdict(send_once(without, sample(1, 0, "webhook")).delivery) != "delivered");
    const auto of = [](const std::string& options) {
        return mistakes(
            "route: {receiver: ops}\nreceivers:\n  - name: ops\n    webhook_configs: [{url: "
            "'http://x', http_config: {tls_config: {" +
            options + "}}}]\n");
    };
    BOOST_TEST(of("ca: x, ca_file: y").find("at most one of ca and ca_file") != std::string::npos);
    BOOST_TEST(of("ca: x").find("no certificate in it") != std::string::npos);
    BOOST_TEST(of("cert: " + quoted(ours.certificate)).find("belong together") !=
               std::string::npos);
    const std::string no_key = of("cert: " + quoted(ours.certificate) + ", key: T0PSECRET");
    BOOST_TEST(no_key.find("key: ") != std::string::npos, no_key);
    BOOST_TEST(no_key.find("T0PSECRET") == std::string::npos);
    const auto other = pilotlight::testing::make_self_signed();
    BOOST_TEST(
        of("cert: " + quoted(ours.certificate) + ", key: " + quoted(other.key)).find("mismatch") !=
        std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_proxy_hears_its_own_headers_and_nobody_else_does) {
    const std::string options = ", proxy_connect_header: {X-Team: [T0PSECRET, second]}";
    ScriptedServer tunnel({pilotlight::testing::expect("\r\n\r\n"),
                           pilotlight::testing::send("HTTP/1.1 407 T0PSECRET\r\n\r\n")});
    const auto through_tls =
        hook("https://hooks.example/x", "proxy_url: '" + tunnel.url() + "'" + options);
    const Delivery delivery = send_once(through_tls, sample(1, 0, "webhook")).delivery;
    BOOST_TEST(verdict(delivery) == "retry connect");
    BOOST_TEST(delivery.detail.find("T0PSECRET") == std::string::npos);
    BOOST_TEST(tunnel.received().starts_with("CONNECT hooks.example:443 HTTP/1.1\r\n"));
    BOOST_TEST(tunnel.received().find("X-Team: T0PSECRET\r\nX-Team: second\r\n") !=
               std::string::npos);
    ScriptedServer plain(http_answer(200));
    const auto forwarded =
        hook("http://hooks.example/x", "proxy_url: '" + plain.url() + "'" + options);
    BOOST_TEST(verdict(send_once(forwarded, sample(1, 0, "webhook")).delivery) == "delivered");
    BOOST_TEST(count(plain.received(), "X-Team") == 0U);
    const auto of = [](const std::string& http) {
        return mistakes(
            "route: {receiver: ops}\nreceivers:\n  - name: ops\n    webhook_configs: [{url: "
            "'http://x', http_config: {" +
            http + "}}]\n");
    };
    BOOST_TEST(of("proxy_connect_header: {A: [b]}").find("needs a proxy_url") != std::string::npos);
    BOOST_TEST(of("proxy_url: 'http://p:1', proxy_connect_header: {A: [\"b\\n\"]}")
                   .find("control characters") != std::string::npos);
    BOOST_TEST(
        of("proxy_url: 'http://p:1', proxy_connect_header: [a]").find("expected a mapping") !=
        std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
