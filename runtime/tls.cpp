#include "runtime/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <array>
#include <map>
#include <utility>

#include "runtime/tls_context.h"
#include "runtime/tls_session_use.h"

namespace pilotlight::runtime {

namespace {

constexpr std::size_t kMaxContexts = 1'000;
constexpr auto kFilesLookedAtEvery = std::chrono::seconds(5);

int native_version(TlsVersion version) {
    switch (version) {
        case TlsVersion::tls10:
            return TLS1_VERSION;
        case TlsVersion::tls11:
            return TLS1_1_VERSION;
        case TlsVersion::tls12:
            return TLS1_2_VERSION;
        case TlsVersion::tls13:
            return TLS1_3_VERSION;
    }
    return TLS1_2_VERSION;
}

using Memory = std::unique_ptr<BIO, decltype(&::BIO_free)>;
using OwnedCertificate = std::unique_ptr<X509, decltype(&::X509_free)>;
using OwnedKey = std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)>;

Memory memory_of(const std::string& text) {
    return {::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &::BIO_free};
}

/// No passphrase is asked for on a terminal that a daemon may have.
int no_passphrase(char*, int, int, void*) {
    return 0;
}

OwnedCertificate next_certificate(BIO* pem) {
    return {::PEM_read_bio_X509(pem, nullptr, no_passphrase, nullptr), &::X509_free};
}

/// All certificates of `text`; false where there is none.
bool trust_text(SSL_CTX* context, const std::string& text) {
    const Memory pem = memory_of(text);
    X509_STORE* store = ::SSL_CTX_get_cert_store(context);
    bool any = false;
    while (const OwnedCertificate one = next_certificate(pem.get())) {
        any = ::X509_STORE_add_cert(store, one.get()) == 1 || any;
    }
    return any;
}

/// The chain of `text`, leaf first, as SSL_CTX_use_certificate_chain_file() reads a file.
bool use_chain_text(SSL_CTX* context, const std::string& text) {
    const Memory pem = memory_of(text);
    const OwnedCertificate leaf = next_certificate(pem.get());
    if (!leaf || ::SSL_CTX_use_certificate(context, leaf.get()) != 1) return false;
    while (const OwnedCertificate next = next_certificate(pem.get())) {
        if (::SSL_CTX_add1_chain_cert(context, next.get()) != 1) return false;
    }
    ::ERR_clear_error();
    return true;
}

bool use_key_text(SSL_CTX* context, const Secret& text) {
    const Memory pem = memory_of(text.reveal());
    const OwnedKey key{::PEM_read_bio_PrivateKey(pem.get(), nullptr, no_passphrase, nullptr),
                       &::EVP_PKEY_free};
    return key && ::SSL_CTX_use_PrivateKey(context, key.get()) == 1;
}

}  // namespace

Result<void> load_authorities(SSL_CTX* context, const TlsSettings& settings) {
    if (!settings.ca.empty()) {
        if (!trust_text(context, settings.ca)) return fail("ca: no certificate in it, as PEM");
        ::ERR_clear_error();
        return {};
    }
    if (settings.ca_file.empty()) {
        ::SSL_CTX_set_default_verify_paths(context);
        // Without any authority no chain verifies: that is then told of each certificate.
        ::ERR_clear_error();
        return {};
    }
    if (::SSL_CTX_load_verify_file(context, settings.ca_file.c_str()) != 1) {
        return fail("ca_file " + settings.ca_file + ": " + take_openssl_error());
    }
    return {};
}

Result<void> load_own_certificate(SSL_CTX* context, const TlsSettings& settings) {
    const bool has_certificate = !settings.cert_file.empty() || !settings.cert.empty();
    const bool has_key = !settings.key_file.empty() || !settings.key.empty();
    if (!has_certificate && !has_key) return {};
    if (has_certificate != has_key) {
        return fail("cert_file and key_file belong together: one is missing");
    }
    const bool is_file = settings.cert.empty();
    if (!(is_file ? ::SSL_CTX_use_certificate_chain_file(context, settings.cert_file.c_str()) == 1
                  : use_chain_text(context, settings.cert))) {
        return fail((is_file ? "cert_file " + settings.cert_file : "cert") + ": " +
                    take_openssl_error());
    }
    const bool is_key_file = settings.key.empty();
    const bool used = is_key_file ? ::SSL_CTX_use_PrivateKey_file(
                                        context, settings.key_file.c_str(), SSL_FILETYPE_PEM) == 1
                                  : use_key_text(context, settings.key);
    if (!used || ::SSL_CTX_check_private_key(context) != 1) {
        return fail((is_key_file ? "key_file " + settings.key_file : "key") + ": " +
                    take_openssl_error());
    }
    return {};
}

Result<void> set_versions(SSL_CTX* context, const TlsSettings& settings) {
    const TlsVersion lowest = settings.min_version.value_or(TlsVersion::tls12);
    if (settings.max_version && *settings.max_version < lowest) {
        return fail("max_version is below min_version");
    }
    // OpenSSL 3 allows TLS 1.0 and 1.1 at its security level 0 only.
    if (lowest < TlsVersion::tls12) ::SSL_CTX_set_cipher_list(context, "DEFAULT:@SECLEVEL=0");
    ::SSL_CTX_set_min_proto_version(context, native_version(lowest));
    ::SSL_CTX_set_max_proto_version(
        context, settings.max_version ? native_version(*settings.max_version) : 0);
    return {};
}

namespace {

struct FreeContext {
    void operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }
};
using ContextPointer = std::unique_ptr<SSL_CTX, FreeContext>;

Result<ContextPointer> make_context(const TlsSettings& settings) {
    ::ERR_clear_error();
    ContextPointer context(::SSL_CTX_new(::TLS_client_method()));
    if (!context) return fail("no TLS context: " + take_openssl_error());
    TlsSessionUse::watch(context.get());
    // A peer that hangs up without close_notify is no fault of its service.
    ::SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
    ::SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    // Any certificate of ca_file is trusted as it is, as in Go, not only self-signed ones.
    ::X509_VERIFY_PARAM_set_flags(::SSL_CTX_get0_param(context.get()), X509_V_FLAG_PARTIAL_CHAIN);
    for (const auto step : {load_authorities, load_own_certificate, set_versions}) {
        Result<void> done = step(context.get(), settings);
        if (!done) return std::unexpected(done.error());
    }
    return context;
}

/// When the settings' files were last changed, as far as stat can tell.
struct FilesStamp {
    std::array<std::int64_t, 9> numbers{};
    bool operator==(const FilesStamp&) const = default;

    static FilesStamp of(const TlsSettings& settings) {
        FilesStamp stamp;
        std::size_t at = 0;
        for (const std::string* path :
             {&settings.ca_file, &settings.cert_file, &settings.key_file}) {
            struct stat status{};
            if (!path->empty() && ::stat(path->c_str(), &status) == 0) {
                stamp.numbers[at] = static_cast<std::int64_t>(status.st_ino);
                stamp.numbers[at + 1] = status.st_mtim.tv_sec;
                stamp.numbers[at + 2] = status.st_mtim.tv_nsec;
            }
            at += 3;
        }
        return stamp;
    }
};

struct Entry {
    std::shared_ptr<TlsContexts::Context> context;
    FilesStamp stamp;
    SteadyTime looked_at{};
};

bool has_files(const TlsSettings& settings) {
    return !settings.ca_file.empty() || !settings.cert_file.empty() || !settings.key_file.empty();
}

bool is_fresh(Entry& entry) {
    if (!has_files(entry.context->settings())) return true;
    const SteadyTime now = steady_now();
    if (now - entry.looked_at < kFilesLookedAtEvery) return true;
    entry.looked_at = now;
    return entry.stamp == FilesStamp::of(entry.context->settings());
}

/// What distinguishes contexts: name and verification belong to the connection.
TlsSettings shared_part(TlsSettings settings) {
    settings.server_name.clear();
    settings.insecure_skip_verify = false;
    return settings;
}

}  // namespace

std::string take_openssl_error() {
    unsigned long newest = 0;
    while (const unsigned long error = ::ERR_get_error())
        newest = error;
    if (newest == 0) return "unknown TLS error";
    const char* reason = ::ERR_reason_error_string(newest);
    return reason != nullptr ? reason : "TLS error " + std::to_string(newest);
}

TlsContexts::Context::Context(ssl_ctx_st* native, TlsSettings settings)
    : native_(native), settings_(std::move(settings)) {}

TlsContexts::Context::~Context() {
    ::SSL_CTX_free(native_);
}

struct TlsContexts::State {
    std::map<TlsSettings, Entry> entries;
};

TlsContexts::TlsContexts() : state_(std::make_unique<State>()) {}
TlsContexts::~TlsContexts() = default;

Attempt<std::shared_ptr<TlsContexts::Context>> TlsContexts::get(const TlsSettings& settings) {
    const TlsSettings key = shared_part(settings);
    const auto known = state_->entries.find(key);
    if (known != state_->entries.end() && is_fresh(known->second)) return known->second.context;
    const FilesStamp stamp = FilesStamp::of(key);
    Result<ContextPointer> made = make_context(key);
    if (!made) {
        return std::unexpected(Failure{"tls", "tls_settings", made.error().message, true});
    }
    // Settings come and go with reloads; the connections in flight keep theirs.
    if (state_->entries.size() >= kMaxContexts) state_->entries.clear();
    auto context = std::make_shared<Context>(made->release(), key);
    state_->entries[key] = Entry{context, stamp, steady_now()};
    return context;
}

Result<void> check_tls_settings(const TlsSettings& settings) {
    const Result<ContextPointer> made = make_context(settings);
    if (!made) return std::unexpected(made.error());
    return {};
}

}  // namespace pilotlight::runtime
