#include "tests/support/certificates.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdexcept>
#include <utility>

namespace pilotlight::testing {

namespace {

template <auto Free>
struct Freeing {
    void operator()(auto* pointer) const { Free(pointer); }
};
using KeyPointer = std::unique_ptr<EVP_PKEY, Freeing<&::EVP_PKEY_free>>;
using CertificatePointer = std::unique_ptr<X509, Freeing<&::X509_free>>;
using BioPointer = std::unique_ptr<BIO, Freeing<&::BIO_free_all>>;

void require(bool good, const char* what) {
    if (!good) throw std::runtime_error(std::string("test certificate: ") + what);
}

std::string text_of(BIO* bio) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio, &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
    const BioPointer bio(::BIO_new(::BIO_s_mem()));
    require(::PEM_write_bio_X509(bio.get(), certificate) == 1, "cannot write");
    return text_of(bio.get());
}

std::string pem_of(EVP_PKEY* key) {
    const BioPointer bio(::BIO_new(::BIO_s_mem()));
    require(::PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
            "cannot write the key");
    return text_of(bio.get());
}

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    ::X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = ::X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
    require(extension != nullptr, "bad extension");
    ::X509_add_ext(certificate, extension, -1);
    ::X509_EXTENSION_free(extension);
}

std::string alternative_names(const CertificateOptions& options) {
    std::string names;
    const auto add = [&](const std::string& kind, const std::string& name) {
        if (!names.empty()) names += ",";
        names += kind + ":" + name;
    };
    for (const std::string& name : options.dns_names)
        add("DNS", name);
    for (const std::string& address : options.ip_addresses)
        add("IP", address);
    return names;
}

/// Without issuer it signs itself.
CertificatePointer make(const CertificateOptions& options, bool is_authority, EVP_PKEY* key,
                        X509* issuer, EVP_PKEY* issuer_key) {
    CertificatePointer certificate(::X509_new());
    X509* x509 = certificate.get();
    ::X509_set_version(x509, 2);
    std::uint64_t serial = 0;
    require(::RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1, "random");
    ::ASN1_INTEGER_set_uint64(::X509_get_serialNumber(x509), serial >> 1);
    ::X509_gmtime_adj(::X509_getm_notBefore(x509), options.valid_from.count());
    ::X509_gmtime_adj(::X509_getm_notAfter(x509), options.valid_until.count());
    X509_NAME* name = ::X509_get_subject_name(x509);
    ::X509_NAME_add_entry_by_txt(
        name, "CN", MBSTRING_UTF8,
        reinterpret_cast<const unsigned char*>(options.common_name.c_str()), -1, -1, 0);
    ::X509_set_issuer_name(x509, issuer != nullptr ? ::X509_get_subject_name(issuer) : name);
    ::X509_set_pubkey(x509, key);
    X509* parent = issuer != nullptr ? issuer : x509;
    add_extension(x509, parent, NID_basic_constraints,
                  is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add_extension(x509, parent, NID_subject_key_identifier, "hash");
    const std::string names = alternative_names(options);
    if (!names.empty() && !is_authority) {
        add_extension(x509, parent, NID_subject_alt_name, names);
    }
    require(::X509_sign(x509, issuer_key != nullptr ? issuer_key : key, ::EVP_sha256()) > 0,
            "cannot sign");
    return certificate;
}

KeyPointer make_key() {
    KeyPointer key(::EVP_EC_gen("P-256"));
    require(key != nullptr, "no key");
    return key;
}

}  // namespace

PemPair make_self_signed(const CertificateOptions& options) {
    const KeyPointer key = make_key();
    const CertificatePointer certificate = make(options, false, key.get(), nullptr, nullptr);
    return {pem_of(certificate.get()), pem_of(key.get())};
}

struct CertificateAuthority::Key {
    KeyPointer key = make_key();
    CertificatePointer certificate;
};

CertificateAuthority::CertificateAuthority(std::string name, std::chrono::seconds valid_until)
    : key_(std::make_unique<Key>()) {
    CertificateOptions options;
    options.common_name = std::move(name);
    options.valid_until = valid_until;
    // Long ago, so that expired leaves lie within its life.
    options.valid_from = -std::chrono::hours(24 * 365);
    key_->certificate = make(options, true, key_->key.get(), nullptr, nullptr);
    certificate_ = pem_of(key_->certificate.get());
}

CertificateAuthority::~CertificateAuthority() = default;

PemPair CertificateAuthority::issue(const CertificateOptions& options) {
    const KeyPointer key = make_key();
    const CertificatePointer leaf =
        make(options, false, key.get(), key_->certificate.get(), key_->key.get());
    return {pem_of(leaf.get()), pem_of(key.get())};
}

}  // namespace pilotlight::testing
