#include "alerting/tls_options.h"

#include <fmt/format.h>

#include "alerting/read_context.h"

namespace pilotlight::alerting {
namespace {

struct RawTls {
    std::string ca_file;
    std::string cert_file;
    std::string key_file;
    std::string ca;
    std::string cert;
    Secret key;
    std::string server_name;
    bool insecure_skip_verify = false;
    std::string min_version;
    std::string max_version;
};

constexpr config::Option<RawTls> kTlsOptions[] = {
    config::option<&RawTls::ca_file>("ca_file", "", "PEM of the authorities to trust"),
    config::option<&RawTls::cert_file>("cert_file", "", "PEM of our own certificate"),
    config::option<&RawTls::key_file>("key_file", "", "PEM of its key"),
    config::option<&RawTls::ca>("ca", "", "as ca_file, written here"),
    config::option<&RawTls::cert>("cert", "", "as cert_file, written here"),
    config::option<&RawTls::key>("key", "", "as key_file, written here"),
    config::option<&RawTls::server_name>("server_name", "", "name to send and to verify"),
    config::option<&RawTls::insecure_skip_verify>("insecure_skip_verify", "false",
                                                  "whether any certificate will do"),
    config::option<&RawTls::min_version>("min_version", "TLS12", "TLS10 to TLS13"),
    config::option<&RawTls::max_version>("max_version", "", "TLS10 to TLS13"),
};

std::optional<runtime::TlsVersion> read_version(const Node& node, const std::string& key,
                                                const std::string& text, ReadContext& context) {
    if (text.empty()) return std::nullopt;
    const auto version = runtime::parse_tls_version(text);
    if (!version) {
        context.error(*node.find(key), fmt::format("expected TLS10, TLS11, TLS12 or TLS13, got "
                                                   "\"{}\"",
                                                   text));
    }
    return version;
}

}  // namespace

runtime::TlsSettings read_tls_options(const Node& node, ReadContext& context) {
    RawTls raw;
    config::read_options(node, kTlsOptions, raw, context.errors);
    runtime::TlsSettings tls;
    const auto place = [&](const std::string& path) {
        if (path.empty()) return path;
        context.files_read.push_back(context.absolute(path));
        return context.absolute(path);
    };
    tls.ca_file = place(raw.ca_file);
    tls.cert_file = place(raw.cert_file);
    tls.key_file = place(raw.key_file);
    for (const auto& [key, file_key] :
         {std::pair{"ca", "ca_file"}, {"cert", "cert_file"}, {"key", "key_file"}}) {
        if (node.find(key) == nullptr || node.find(file_key) == nullptr) continue;
        context.error(*node.find(key),
                      fmt::format("at most one of {} and {} may be given", key, file_key));
    }
    tls.ca = raw.ca;
    tls.cert = raw.cert;
    tls.key = raw.key;
    tls.server_name = raw.server_name;
    tls.insecure_skip_verify = raw.insecure_skip_verify;
    tls.min_version = read_version(node, "min_version", raw.min_version, context);
    tls.max_version = read_version(node, "max_version", raw.max_version, context);
    const auto usable = runtime::check_tls_settings(tls);
    if (!usable) context.error(node, usable.error().message);
    return tls;
}

std::vector<config::OptionDoc> tls_option_docs() {
    return config::docs_of(kTlsOptions);
}

}  // namespace pilotlight::alerting
