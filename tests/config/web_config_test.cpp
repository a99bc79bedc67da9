#include "config/web_config.h"

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace pilotlight;
using namespace pilotlight::config;

namespace {

constexpr const char* kHash = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

class WebFile {
  public:
    explicit WebFile(const std::string& text)
        : path_(std::filesystem::temp_directory_path() /
                ("pilotlight-web-" + std::to_string(::getpid()) + ".yml")) {
        std::ofstream(path_) << text;
    }
    WebFile(const WebFile&) = delete;
    WebFile& operator=(const WebFile&) = delete;
    ~WebFile() { std::filesystem::remove(path_); }

    [[nodiscard]] Checked<WebConfig> load() const { return load_web_config(path_.string()); }
    [[nodiscard]] std::filesystem::path folder() const { return path_.parent_path(); }

  private:
    std::filesystem::path path_;
};

std::string mistakes(const std::string& text) {
    const auto loaded = WebFile(text).load();
    std::string all;
    if (loaded) return all;
    for (const Error& error : loaded.error())
        all += error.to_string() + "\n";
    return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(web_configuration)

BOOST_AUTO_TEST_CASE(is_read_whole) {
    const WebFile file(std::string("tls_server_config:\n"
                                   "  cert_file: certs/own.pem\n"
                                   "  key_file: /etc/own.key\n"
                                   "  client_auth_type: RequireAndVerifyClientCert\n"
                                   "  client_ca_file: ca.pem\n"
                                   "  min_version: TLS13\n"
                                   "  cipher_suites: [TLS_AES_128_GCM_SHA256]\n"
                                   "  curve_preferences: [X25519]\n"
                                   "  prefer_server_cipher_suites: false\n"
                                   "http_server_config:\n"
                                   "  http2: true\n"
                                   "  headers: {X-Frame-Options: deny}\n"
                                   "basic_auth_users:\n"
                                   "  anna: ") +
                       kHash + "\n");
    const auto config = file.load();
    BOOST_REQUIRE(config.has_value());
    BOOST_REQUIRE(config->tls.has_value());
    BOOST_TEST(config->tls->cert_file == (file.folder() / "certs/own.pem").string());
    BOOST_TEST(config->tls->key_file == "/etc/own.key");
    BOOST_TEST((config->tls->client_auth == ClientAuth::require_and_verify));
    BOOST_TEST(config->tls->min_version == "TLS13");
    BOOST_TEST(!config->tls->prefer_server_cipher_suites);
    BOOST_TEST(config->headers.size() == 1U);
    BOOST_TEST(config->users.at("anna").reveal() == kHash);
    BOOST_TEST(config->files.size() == 4U);
}

BOOST_AUTO_TEST_CASE(an_empty_one_asks_for_nothing) {
    const auto config = WebFile("").load();
    BOOST_REQUIRE(config.has_value());
    BOOST_TEST(!config->tls.has_value());
    BOOST_TEST(config->users.empty());
}

BOOST_AUTO_TEST_CASE(mistakes_are_told_with_their_place_and_without_passwords) {
    const std::string wrong = mistakes("basic_auth_users: {anna: T0PSECRET}\n");
    BOOST_TEST(wrong.find(":1:") != std::string::npos, wrong);
    BOOST_TEST(wrong.find("no bcrypt hash") != std::string::npos);
    BOOST_TEST(wrong.find("T0PSECRET") == std::string::npos);
    BOOST_TEST(mistakes("tls_server_config: {}\n").find("no cert_file") != std::string::npos);
    BOOST_TEST(mistakes("tls_server_config: {cert_file: a}\n").find("no key_file") !=
               std::string::npos);
    BOOST_TEST(mistakes("tls_server_config: {cert_file: a, key_file: b, cert: c}\n")
                   .find("at most one of cert and cert_file") != std::string::npos);
    BOOST_TEST(mistakes("tls_server_config: {cert_file: a, key_file: b, client_ca_file: c}\n")
                   .find("client_auth_type is missing") != std::string::npos);
    BOOST_TEST(mistakes("tls_server_config: {cert_file: a, key_file: b, client_auth_type: "
                        "VerifyClientCertIfGiven}\n")
                   .find("needs a client_ca_file") != std::string::npos);
    BOOST_TEST(mistakes("tls_server_config: {cert_file: a, key_file: b, min_version: TLS14}\n")
                   .find("TLS14") != std::string::npos);
    BOOST_TEST(mistakes("http_server_config: {headers: {Server: x}}\n").find("cannot be set") !=
               std::string::npos);
    BOOST_TEST(mistakes("http_server_config: {headers: {X-Frame-Options: \"a\\r\\nb\"}}\n")
                   .find("control characters") != std::string::npos);
    BOOST_TEST(mistakes("basic_auth_usres: {}\n").find("basic_auth_users") != std::string::npos);
    BOOST_TEST(!load_web_config("/nowhere/web.yml").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
