#include "runtime/tls_server.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <limits>

#include "runtime/tls_context.h"

namespace pilotlight::runtime {
namespace {

struct FreeContext {
    void operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }
};
using ContextPointer = std::unique_ptr<SSL_CTX, FreeContext>;

/// Any certificate will do: it is asked for, not judged.
int accept_any(X509_STORE_CTX*, void*) {
    return 1;
}

Result<void> set_client_auth(SSL_CTX* context, const TlsServerSettings& settings) {
    switch (settings.client_auth) {
        case TlsClientAuth::none:
            ::SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
            return {};
        case TlsClientAuth::request:
        case TlsClientAuth::require_any: {
            const int more = settings.client_auth == TlsClientAuth::require_any
                                 ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                                 : 0;
            ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER | more, nullptr);
            ::SSL_CTX_set_cert_verify_callback(context, accept_any, nullptr);
            return {};
        }
        case TlsClientAuth::verify_if_given:
            ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
            break;
        case TlsClientAuth::require_and_verify:
            ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                                 nullptr);
            break;
    }
    if (settings.own.ca.empty() && settings.own.ca_file.empty()) {
        return fail("clients are to be verified, and no client_ca_file says by whom");
    }
    return load_authorities(context, settings.own);
}

Result<void> set_cipher_suites(SSL_CTX* context, const TlsServerSettings& settings) {
    if (settings.cipher_suites.empty()) return {};
    const std::unique_ptr<SSL, decltype(&::SSL_free)> all(::SSL_new(context), &::SSL_free);
    ::SSL_set_cipher_list(all.get(), "ALL:COMPLEMENTOFALL:@SECLEVEL=0");
    const STACK_OF(SSL_CIPHER)* known = ::SSL_get_ciphers(all.get());
    std::string list;
    for (const std::string& name : settings.cipher_suites) {
        const SSL_CIPHER* found = nullptr;
        for (int i = 0; i < sk_SSL_CIPHER_num(known); ++i) {
            const SSL_CIPHER* one = sk_SSL_CIPHER_value(known, i);
            const char* standard = ::SSL_CIPHER_standard_name(one);
            if (standard != nullptr && name == standard) found = one;
        }
        if (found == nullptr) return fail("cipher_suites: " + name + " is not known");
        // Those of TLS 1.3 are always there, as in Go.
        if (std::string_view(::SSL_CIPHER_get_version(found)) == "TLSv1.3") continue;
        if (!list.empty()) list += ':';
        list += ::SSL_CIPHER_get_name(found);
    }
    if (!list.empty() && ::SSL_CTX_set_cipher_list(context, list.c_str()) != 1) {
        return fail("cipher_suites: " + take_openssl_error());
    }
    return {};
}

Result<void> set_curves(SSL_CTX* context, const TlsServerSettings& settings) {
    static constexpr std::pair<std::string_view, std::string_view> kCurves[] = {
        {"CurveP256", "P-256"},
        {"CurveP384", "P-384"},
        {"CurveP521", "P-521"},
        {"X25519", "X25519"}};
    std::string list;
    for (const std::string& name : settings.curves) {
        const auto* found =
            std::ranges::find(kCurves, name, &std::pair<std::string_view, std::string_view>::first);
        if (found == std::end(kCurves)) {
            return fail(
                "curve_preferences: expected CurveP256, CurveP384, CurveP521 or X25519, "
                "got " +
                name);
        }
        if (!list.empty()) list += ':';
        list += found->second;
    }
    if (!list.empty() && ::SSL_CTX_set1_groups_list(context, list.c_str()) != 1) {
        return fail("curve_preferences: " + take_openssl_error());
    }
    return {};
}

Result<void> set_own(SSL_CTX* context, const TlsServerSettings& settings) {
    const Result<void> versions = set_versions(context, settings.own);
    if (!versions) return versions;
    const bool has_certificate = !settings.own.cert.empty() || !settings.own.cert_file.empty();
    if (!has_certificate) return fail("a server needs a cert_file and a key_file");
    return load_own_certificate(context, settings.own);
}

int clamped(std::size_t size) {
    return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

}  // namespace

Result<std::shared_ptr<const TlsServer>> TlsServer::make(const TlsServerSettings& settings) {
    ::ERR_clear_error();
    ContextPointer context(::SSL_CTX_new(::TLS_server_method()));
    if (!context) return fail("no TLS context: " + take_openssl_error());
    ::SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    // A client that asks again and again for new keys costs more than it may.
    ::SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (settings.prefers_own_order) {
        ::SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
    }
    // What was read of an answer may be written again from another place.
    ::SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                          SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    static constexpr unsigned char kName[] = "pilotlight";
    ::SSL_CTX_set_session_id_context(context.get(), kName, sizeof kName - 1);
    for (const auto step : {set_own, set_client_auth, set_cipher_suites, set_curves}) {
        const Result<void> done = step(context.get(), settings);
        if (!done) return std::unexpected(done.error());
    }
    return std::make_shared<const TlsServer>(context.release());
}

TlsServer::~TlsServer() {
    ::SSL_CTX_free(context_);
}

std::unique_ptr<TlsServerSession> TlsServer::accept(int descriptor) const {
    return std::make_unique<TlsServerSession>(context_, descriptor);
}

TlsServerSession::TlsServerSession(ssl_ctx_st* context, int descriptor) : ssl_(::SSL_new(context)) {
    if (ssl_ == nullptr) throw std::bad_alloc();
    ::SSL_set_fd(ssl_, descriptor);
    ::SSL_set_accept_state(ssl_);
}

TlsServerSession::~TlsServerSession() {
    ::SSL_free(ssl_);
}

TlsServerSession::Step TlsServerSession::step_of(int result) const {
    switch (::SSL_get_error(ssl_, result)) {
        case SSL_ERROR_WANT_READ:
            return Step::wants_read;
        case SSL_ERROR_WANT_WRITE:
            return Step::wants_write;
        case SSL_ERROR_ZERO_RETURN:
            return Step::done;
        default:
            return Step::failed;
    }
}

TlsServerSession::Step TlsServerSession::read(char* to, std::size_t size, std::size_t& count) {
    ::ERR_clear_error();
    const int result = ::SSL_read(ssl_, to, clamped(size));
    count = result > 0 ? static_cast<std::size_t>(result) : 0;
    return result > 0 ? Step::done : step_of(result);
}

TlsServerSession::Step TlsServerSession::write(const char* from, std::size_t size,
                                               std::size_t& count) {
    ::ERR_clear_error();
    const int result = ::SSL_write(ssl_, from, clamped(size));
    count = result > 0 ? static_cast<std::size_t>(result) : 0;
    if (result > 0) return Step::done;
    const Step step = step_of(result);
    return step == Step::done ? Step::failed : step;
}

bool TlsServerSession::has_pending() const {
    return ::SSL_pending(ssl_) > 0;
}

void TlsServerSession::close() {
    ::ERR_clear_error();
    if (::SSL_is_init_finished(ssl_) == 1) ::SSL_shutdown(ssl_);
}

}  // namespace pilotlight::runtime
