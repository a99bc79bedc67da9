#include "alerting/receivers/smtp.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <memory>

#include "alerting/receivers/answers.h"
#include "runtime/url.h"

namespace pilotlight::alerting {
namespace {

struct Dialogue {
    std::string_view rest;
    /// The last line by which the server refused something.
    std::string refusal;
};

std::size_t give_text(char* buffer, std::size_t size, std::size_t count, void* argument) {
    auto& dialogue = *static_cast<Dialogue*>(argument);
    const std::string_view part = dialogue.rest.substr(0, size * count);
    std::ranges::copy(part, buffer);
    dialogue.rest.remove_prefix(part.size());
    return part.size();
}

std::size_t take_line(char* buffer, std::size_t size, std::size_t count, void* argument) {
    auto& dialogue = *static_cast<Dialogue*>(argument);
    std::string line(buffer, size * count);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r'))
        line.pop_back();
    const bool refuses = line.starts_with('4') || line.starts_with('5');
    if (refuses) dialogue.refusal = std::move(line);
    return size * count;
}

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using TextList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

void append(TextList& list, const std::string& text) {
    curl_slist* longer = curl_slist_append(list.get(), text.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    (void)list.release();
    list.reset(longer);
}

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
    if (curl_easy_setopt(handle, option, value) != CURLE_OK) throw std::bad_alloc();
}

/// A PEM that the handle copies; "" leaves the option as it is.
void set_text(CURL* handle, CURLoption option, std::string text) {
    if (text.empty()) return;
    const curl_blob blob{text.data(), text.size(), CURL_BLOB_COPY};
    set(handle, option, &blob);
}

long curl_version(runtime::TlsVersion version) {
    switch (version) {
        case runtime::TlsVersion::tls10:
            return CURL_SSLVERSION_TLSv1_0;
        case runtime::TlsVersion::tls11:
            return CURL_SSLVERSION_TLSv1_1;
        case runtime::TlsVersion::tls12:
            return CURL_SSLVERSION_TLSv1_2;
        case runtime::TlsVersion::tls13:
            return CURL_SSLVERSION_TLSv1_3;
    }
    return CURL_SSLVERSION_TLSv1_2;
}

long curl_max_version(runtime::TlsVersion version) {
    switch (version) {
        case runtime::TlsVersion::tls10:
            return CURL_SSLVERSION_MAX_TLSv1_0;
        case runtime::TlsVersion::tls11:
            return CURL_SSLVERSION_MAX_TLSv1_1;
        case runtime::TlsVersion::tls12:
            return CURL_SSLVERSION_MAX_TLSv1_2;
        case runtime::TlsVersion::tls13:
            return CURL_SSLVERSION_MAX_TLSv1_3;
    }
    return CURL_SSLVERSION_MAX_TLSv1_3;
}

void set_tls(CURL* handle, const SmtpServer& server) {
    const runtime::TlsSettings& tls = server.tls;
    const bool starts = server.require_tls && !server.implicit_tls;
    set(handle, CURLOPT_USE_SSL, static_cast<long>(starts ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    if (!tls.ca_file.empty()) {
        set(handle, CURLOPT_CAINFO, tls.ca_file.c_str());
        set(handle, CURLOPT_CAPATH, nullptr);
    }
    if (!tls.cert_file.empty()) set(handle, CURLOPT_SSLCERT, tls.cert_file.c_str());
    if (!tls.key_file.empty()) set(handle, CURLOPT_SSLKEY, tls.key_file.c_str());
    set_text(handle, CURLOPT_CAINFO_BLOB, tls.ca);
    set_text(handle, CURLOPT_SSLCERT_BLOB, tls.cert);
    set_text(handle, CURLOPT_SSLKEY_BLOB, tls.key.reveal());
    if (tls.insecure_skip_verify) {
        set(handle, CURLOPT_SSL_VERIFYPEER, 0L);
        set(handle, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    long versions = curl_version(tls.min_version.value_or(runtime::TlsVersion::tls12));
    if (tls.max_version) versions |= curl_max_version(*tls.max_version);
    set(handle, CURLOPT_SSLVERSION, versions);
}

void set_login(CURL* handle, const SmtpServer& server) {
    if (server.user.empty()) return;
    const bool has_password = !server.password.empty();
    const Secret& secret = has_password ? server.password : server.secret;
    set(handle, CURLOPT_USERNAME, server.user.c_str());
    set(handle, CURLOPT_PASSWORD, secret.reveal().c_str());
    set(handle, CURLOPT_LOGIN_OPTIONS, has_password ? "AUTH=PLAIN;AUTH=LOGIN" : "AUTH=CRAM-MD5");
    // One round trip less, and what Go's client does.
    set(handle, CURLOPT_SASL_IR, 1L);
    if (!server.identity.empty()) set(handle, CURLOPT_SASL_AUTHZID, server.identity.c_str());
}

std::string in_brackets(const std::string& host) {
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

/// The name that the certificate is held against is the URL's; the connection goes to the host.
void set_address(CURL* handle, const SmtpServer& server, TextList& connect_to) {
    const std::string& name = server.tls.server_name;
    const std::string host = in_brackets(name.empty() ? server.host : name);
    const std::string url = fmt::format("{}://{}:{}/{}", server.implicit_tls ? "smtps" : "smtp",
                                        host, server.port, server.hello);
    set(handle, CURLOPT_URL, url.c_str());
    if (name.empty()) return;
    append(connect_to, fmt::format("::{}:{}", in_brackets(server.host), server.port));
    set(handle, CURLOPT_CONNECT_TO, connect_to.get());
}

Delivery meaning_of(CURLcode code, long status, const std::string& detail) {
    switch (code) {
        case CURLE_OK:
            return Delivery::delivered();
        case CURLE_COULDNT_RESOLVE_HOST:
            return Delivery::retry(Reason::resolve, detail);
        case CURLE_COULDNT_CONNECT:
            return Delivery::retry(Reason::connect, detail);
        case CURLE_OPERATION_TIMEDOUT:
            return Delivery::retry(Reason::timeout, detail);
        case CURLE_USE_SSL_FAILED:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
            return Delivery::retry(Reason::tls, detail);
        default:
            break;
    }
    // A server's word, 4yz for now and 5yz for good (RFC 5321, 4.2.1). What broke off in the
    // middle leaves an older, good one behind.
    if (status >= 400 && status < 500) return Delivery::retry(Reason::server_error, detail);
    if (status >= 500 && status < 600) return Delivery::rejected(Reason::client_error, detail);
    return Delivery::retry(Reason::connection_lost, detail);
}

Delivery converse(const SmtpServer& server, const Envelope& envelope, Duration timeout) {
    static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
    const Handle owner(curl_easy_init(), &curl_easy_cleanup);
    CURL* handle = owner.get();
    if (kReady != CURLE_OK || handle == nullptr) {
        return Delivery::retry(Reason::connect, "libcurl cannot be used");
    }
    Dialogue dialogue{envelope.text, ""};
    TextList recipients(nullptr, &curl_slist_free_all);
    TextList connect_to(nullptr, &curl_slist_free_all);
    char error[CURL_ERROR_SIZE] = "";
    set(handle, CURLOPT_ERRORBUFFER, error);
    set(handle, CURLOPT_NOSIGNAL, 1L);
    set(handle, CURLOPT_PROXY, "");
    set(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
    // Half of it for each answer: a server that refused and then ignores our QUIT must not make us
    // forget what it said.
    const auto answer_within = std::max<long>(1, static_cast<long>(timeout.count() / 2'000));
    set(handle, CURLOPT_SERVER_RESPONSE_TIMEOUT, answer_within);
    set_address(handle, server, connect_to);
    set_tls(handle, server);
    set_login(handle, server);
    for (const std::string& to : envelope.to)
        append(recipients, fmt::format("<{}>", to));
    const std::string from = fmt::format("<{}>", envelope.from);
    set(handle, CURLOPT_MAIL_FROM, from.c_str());
    set(handle, CURLOPT_MAIL_RCPT, recipients.get());
    set(handle, CURLOPT_UPLOAD, 1L);
    set(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(envelope.text.size()));
    set(handle, CURLOPT_READFUNCTION, give_text);
    set(handle, CURLOPT_READDATA, &dialogue);
    set(handle, CURLOPT_HEADERFUNCTION, take_line);
    set(handle, CURLOPT_HEADERDATA, &dialogue);
    const CURLcode code = curl_easy_perform(handle);
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    std::string detail = *error == '\0' ? curl_easy_strerror(code) : error;
    if (!dialogue.refusal.empty()) {
        detail += fmt::format(" (the server said: {})", dialogue.refusal);
    }
    return meaning_of(code, status, detail);
}

}  // namespace

std::vector<Secret> secrets_of(const SmtpServer& server) {
    const std::string& password = server.password.reveal();
    const std::string plain = server.identity + '\0' + server.user + '\0' + password;
    std::vector<Secret> all{server.password, server.secret};
    if (!password.empty()) {
        all.emplace_back(runtime::base64(password));
        all.emplace_back(runtime::base64(plain));
    }
    return all;
}

Delivery hand_over(const SmtpServer& server, const Envelope& envelope, runtime::Deadline deadline) {
    const Duration left = std::chrono::floor<Duration>(deadline.at - steady_now());
    if (left <= Duration(0)) return Delivery::retry(Reason::timeout, "no time was left");
    Delivery delivery = converse(server, envelope, left);
    delivery.detail = quote_safely(std::move(delivery.detail), secrets_of(server));
    return delivery;
}

}  // namespace pilotlight::alerting
