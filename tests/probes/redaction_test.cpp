#include "probes/redaction.h"

#include <boost/test/unit_test.hpp>

#include "config/yaml.h"

using namespace pilotlight;
using probes::Redaction;

namespace {

config::TargetConfig target_with(const std::string& target, const std::string& options) {
    config::TargetConfig config;
    config.name = "api";
    config.target = Secret(target);
    Result<Node> node = config::parse_yaml(options, "options.yaml");
    BOOST_REQUIRE(node);
    config.options = std::move(*node);
    return config;
}

std::string seen(const config::TargetConfig& config, std::string_view text) {
    const auto redaction = probes::redaction_of(config);
    BOOST_REQUIRE(redaction);
    return redaction->shown(text, 10'000);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redaction)

BOOST_AUTO_TEST_CASE(hides_a_secret_wherever_it_stands) {
    Redaction redaction;
    redaction.hide("hunter2");
    BOOST_TEST(redaction.shown("xhunter2y hunter2", 100) == "x<secret>y <secret>");
}

BOOST_AUTO_TEST_CASE(hides_the_longer_of_two_that_begin_alike) {
    Redaction redaction;
    redaction.hide("hunter");
    redaction.hide("hunter2000");
    BOOST_TEST(redaction.shown("hunter2000 hunter2", 100) == "<secret> <secret>2");
}

BOOST_AUTO_TEST_CASE(hides_a_short_secret_only_where_it_stands_alone) {
    Redaction redaction;
    redaction.hide("ab");
    BOOST_TEST(redaction.shown("ab cab abc (ab)", 100) == "<secret> cab abc (<secret>)");
}

BOOST_AUTO_TEST_CASE(hides_what_may_be_the_beginning_of_a_secret_at_the_end) {
    Redaction redaction;
    redaction.hide("correct-horse-battery");
    BOOST_TEST(redaction.shown("it is correct-ho", 100) == "it is <secret>");
}

BOOST_AUTO_TEST_CASE(cuts_no_secret_in_two) {
    Redaction redaction;
    redaction.hide("correct-horse-battery");
    for (std::size_t limit = 0; limit < 60; ++limit) {
        const std::string shown =
            redaction.shown("the word is correct-horse-battery, and then more", limit);
        BOOST_TEST(shown.size() <= limit);
        BOOST_TEST(!shown.contains("corr"));
    }
}

BOOST_AUTO_TEST_CASE(hides_a_secret_as_urls_json_and_html_write_it) {
    Redaction redaction;
    redaction.hide("p&ss \"w/rd");
    for (const char* text :
         {"p&ss \"w/rd", "p%26ss%20%22w%2Frd", R"(p&ss \"w\/rd)", "p&amp;ss &quot;w/rd"}) {
        BOOST_TEST(redaction.shown(text, 100) == "<secret>");
    }
}

BOOST_AUTO_TEST_CASE(hides_a_login_however_much_the_body_holds) {
    std::string body = "[";
    for (int i = 1'000; i < 2'000; ++i)
        body += (i > 1'000 ? ", " : "") + ("\"value " + std::to_string(i)) + "\"";
    const auto config =
        target_with("https://api.example/",
                    "{body: '" + body + "]', basic_auth: {username: ann, password: hunter2}}");
    BOOST_TEST(seen(config, "value 1000, hunter2") == "<secret>, <secret>");
}

BOOST_AUTO_TEST_CASE(hides_what_a_url_knows) {
    const auto config =
        target_with("https://ann:hunt%40r2@api.example/x?token=abcdef&page=1", "{}");
    BOOST_TEST(seen(config, "hunt@r2 hunt%40r2 abcdef") == "<secret> <secret> <secret>");
    BOOST_TEST(seen(config, "Basic YW5uOmh1bnRAcjI=") == "Basic <secret>");
    BOOST_TEST(seen(config, "page 1 of api.example/x, ann") == "page 1 of api.example/x, ann");
}

BOOST_AUTO_TEST_CASE(hides_a_user_that_has_no_password_because_it_is_a_token) {
    const auto config = target_with("https://ghp_12345@api.example/", "{}");
    BOOST_TEST(seen(config, "ghp_12345") == "<secret>");
}

BOOST_AUTO_TEST_CASE(hides_what_the_options_know) {
    const auto config = target_with("https://api.example/", R"(
basic_auth: {username: ann, password: hunter22}
headers: {X-Api: key-12345, Accept: application/json}
http_headers: {X-More: {values: [more-12345], secrets: [most-12345]}}
bearer_token: bear-12345
proxy_url: http://proxy:proxypass@10.0.0.1:3128
oauth2: {client_id: id, client_secret: oauth-12345, endpoint_params: {a: param-12345}}
query_response: [{expect: "^220", send: "AUTH sesame99"}]
)");
    for (const char* secret :
         {"hunter22", "key-12345", "more-12345", "most-12345", "bear-12345", "proxypass",
          "oauth-12345", "param-12345", "sesame99", "YW5uOmh1bnRlcjIy"}) {
        BOOST_TEST(seen(config, secret) == "<secret>");
    }
    BOOST_TEST(seen(config, "application/json 10.0.0.1 AUTH failed") ==
               "application/json 10.0.0.1 AUTH failed");
}

BOOST_AUTO_TEST_CASE(hides_the_values_of_a_body) {
    const auto json = target_with("https://api.example/",
                                  R"({body: '{"user": "annabel", "password": "hunter22"}'})");
    BOOST_TEST(seen(json, "user annabel password hunter22") == "user <secret> password <secret>");
    const auto form = target_with("https://api.example/", "{body: 'user=annabel&pass=hunter%202'}");
    BOOST_TEST(seen(form, "user annabel pass hunter 2") == "user <secret> pass <secret>");
}

BOOST_AUTO_TEST_CASE(takes_the_token_behind_its_scheme_for_a_secret_too) {
    const auto config =
        target_with("https://api.example/", "{headers: {Authorization: Bearer abcdefghijkl}}");
    BOOST_TEST(seen(config, "no such token: abcdefghijkl") == "no such token: <secret>");
}

BOOST_AUTO_TEST_CASE(has_nothing_to_hide_of_a_plain_target) {
    BOOST_TEST(!probes::redaction_of(target_with("https://api.example/health", "{method: GET}")));
    BOOST_TEST(!probes::redaction_of(target_with("10.0.0.1:5432", "{}")));
}

BOOST_AUTO_TEST_CASE(knows_the_headers_that_open_doors) {
    for (const char* name :
         {"Set-Cookie", "authorization", "X-Auth-Token", "X-Api-Key", "X-Amz-Signature"}) {
        BOOST_TEST(probes::is_secret_header(name));
    }
    for (const char* name :
         {"Content-Type", "Server", "Date", "Location", "ETag", "WWW-Authenticate"}) {
        BOOST_TEST(!probes::is_secret_header(name));
    }
}

BOOST_AUTO_TEST_SUITE_END()
