#include "runtime/tls_authority.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <utility>

namespace pilotlight::runtime {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Memory = std::unique_ptr<BIO, decltype(&BIO_free)>;

Error openssl_error(std::string_view what) {
    char text[256] = "";
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    return Error(std::string("making a certificate: ") + std::string(what) + ": " + text);
}

std::string contents(BIO* memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
    const Memory memory(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_X509(memory.get(), certificate);
    return contents(memory.get());
}

std::string pem_of(EVP_PKEY* key) {
    const Memory memory(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    return contents(memory.get());
}

void set_time(ASN1_TIME* field, WallTime at) {
    const std::time_t seconds =
        std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
    ASN1_TIME_set(field, seconds);
}

bool is_ip_address(const std::string& name) {
    unsigned char bytes[16];
    return inet_pton(AF_INET, name.c_str(), bytes) == 1 ||
           inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    if (extension == nullptr) return false;
    const bool added = X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

/// A certificate with a random serial number, still without issuer, extensions and signature.
Certificate blank(std::string_view common_name, EVP_PKEY* key, WallTime not_before,
                  WallTime not_after) {
    Certificate certificate(X509_new(), &X509_free);
    X509_set_version(certificate.get(), X509_VERSION_3);
    const std::unique_ptr<BIGNUM, decltype(&BN_free)> serial(BN_new(), &BN_free);
    BN_rand(serial.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY);
    BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get()));
    set_time(X509_getm_notBefore(certificate.get()), not_before);
    set_time(X509_getm_notAfter(certificate.get()), not_after);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.data()),
                               static_cast<int>(common_name.size()), -1, 0);
    X509_set_pubkey(certificate.get(), key);
    return certificate;
}

}  // namespace

struct CertificateAuthority::Keys {
    Key key{nullptr, &EVP_PKEY_free};
    Certificate certificate{nullptr, &X509_free};
    std::string pem;
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<Keys> keys) : keys_(std::move(keys)) {}
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;
CertificateAuthority::~CertificateAuthority() = default;

Result<CertificateAuthority> CertificateAuthority::make(std::string_view common_name,
                                                        WallTime not_before, WallTime not_after) {
    auto keys = std::make_unique<Keys>();
    keys->key.reset(EVP_EC_gen("P-256"));
    if (keys->key == nullptr) return std::unexpected(openssl_error("key"));
    keys->certificate = blank(common_name, keys->key.get(), not_before, not_after);
    X509* certificate = keys->certificate.get();
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    if (!add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE") ||
        !add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !add_extension(certificate, certificate, NID_subject_key_identifier, "hash") ||
        X509_sign(certificate, keys->key.get(), EVP_sha256()) == 0) {
        return std::unexpected(openssl_error("authority"));
    }
    keys->pem = pem_of(certificate);
    return CertificateAuthority(std::move(keys));
}

const std::string& CertificateAuthority::certificate_pem() const {
    return keys_->pem;
}

Result<IssuedCertificate> CertificateAuthority::issue(const std::vector<std::string>& names,
                                                      WallTime not_before,
                                                      WallTime not_after) const {
    const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    if (key == nullptr) return std::unexpected(openssl_error("key"));
    const std::string common_name = names.empty() ? "" : names.front();
    const Certificate certificate = blank(common_name, key.get(), not_before, not_after);
    std::string alternatives;
    for (const std::string& name : names) {
        if (!alternatives.empty()) alternatives += ',';
        alternatives += (is_ip_address(name) ? "IP:" : "DNS:") + name;
    }
    X509* authority = keys_->certificate.get();
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority));
    if (!add_extension(certificate.get(), authority, NID_basic_constraints, "CA:FALSE") ||
        !add_extension(certificate.get(), authority, NID_ext_key_usage, "serverAuth") ||
        (!alternatives.empty() &&
         !add_extension(certificate.get(), authority, NID_subject_alt_name, alternatives)) ||
        X509_sign(certificate.get(), keys_->key.get(), EVP_sha256()) == 0) {
        return std::unexpected(openssl_error("server certificate"));
    }
    return IssuedCertificate{pem_of(certificate.get()), pem_of(key.get())};
}

}  // namespace pilotlight::runtime
