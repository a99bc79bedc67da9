#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "runtime/ip_address.h"
#include "runtime/tls_context.h"

namespace pilotlight::runtime {

namespace {

std::string hexadecimal(const unsigned char* bytes, std::size_t count) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    out.reserve(2 * count);
    for (std::size_t i = 0; i < count; ++i) {
        out += kDigits[bytes[i] >> 4];
        out += kDigits[bytes[i] & 15];
    }
    return out;
}

std::string name_text(const X509_NAME* name) {
    const std::unique_ptr<BIO, decltype(&::BIO_free)> out(::BIO_new(::BIO_s_mem()), &::BIO_free);
    // RFC 2253, but with UTF-8 as it is.
    ::X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    char* text = nullptr;
    const long size = ::BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(std::max(size, 0L))};
}

std::string serial_text(const X509* certificate) {
    const std::unique_ptr<BIGNUM, decltype(&::BN_free)> number(
        ::ASN1_INTEGER_to_BN(::X509_get0_serialNumber(certificate), nullptr), &::BN_free);
    if (!number) return "";
    std::vector<unsigned char> bytes(static_cast<std::size_t>(BN_num_bytes(number.get())));
    ::BN_bn2bin(number.get(), bytes.data());
    return hexadecimal(bytes.data(), bytes.size());
}

std::string fingerprint(const X509* certificate) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (::X509_digest(certificate, ::EVP_sha256(), digest, &size) != 1) return "";
    return hexadecimal(digest, size);
}

std::string public_key_digest(const X509* certificate) {
    unsigned char* der = nullptr;
    const int size = ::i2d_X509_PUBKEY(::X509_get_X509_PUBKEY(certificate), &der);
    if (size <= 0) return "";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_size = 0;
    const int made = ::EVP_Digest(der, static_cast<std::size_t>(size), digest, &digest_size,
                                  ::EVP_sha256(), nullptr);
    ::OPENSSL_free(der);
    return made == 1 ? hexadecimal(digest, digest_size) : "";
}

WallTime time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (::ASN1_TIME_to_tm(time, &parts) != 1) return {};
    return WallTime(std::chrono::seconds(::timegm(&parts)));
}

void read_alternative_names(const X509* certificate, Certificate& out) {
    auto* names = static_cast<GENERAL_NAMES*>(
        ::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    if (names == nullptr) return;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS) {
            const auto* text = ::ASN1_STRING_get0_data(name->d.dNSName);
            out.dns_names.emplace_back(
                reinterpret_cast<const char*>(text),
                static_cast<std::size_t>(::ASN1_STRING_length(name->d.dNSName)));
        } else if (name->type == GEN_IPADD) {
            const int size = ::ASN1_STRING_length(name->d.iPAddress);
            if (size != 4 && size != 16) continue;
            IpAddress address;
            address.version = size == 4 ? 4 : 6;
            std::copy_n(::ASN1_STRING_get0_data(name->d.iPAddress), size, address.bytes.begin());
            out.ip_addresses.push_back(address.to_string());
        }
    }
    ::GENERAL_NAMES_free(names);
}

/// What a fault of OpenSSL's verification is to us, and how much it matters: the lowest rank is
/// told where several are found.
struct Meaning {
    int rank;
    std::string_view reason;
};

Meaning meaning_of(const TlsVerdict::Fault& fault) {
    const int deeper = fault.depth > 0 ? 1 : 0;
    switch (fault.code) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return {0 + 2 * deeper, "certificate_expired"};
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return {1 + 2 * deeper, "certificate_not_yet_valid"};
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return {4, "certificate_name_mismatch"};
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return {5, "certificate_self_signed"};
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_CERT_UNTRUSTED:
            return {6, "certificate_untrusted"};
        case X509_V_ERR_CERT_REVOKED:
            return {7, "certificate_revoked"};
        default:
            return {8, "certificate_invalid"};
    }
}

bool is_about_time(const TlsVerdict::Fault& fault) {
    return fault.code == X509_V_ERR_CERT_HAS_EXPIRED || fault.code == X509_V_ERR_CERT_NOT_YET_VALID;
}

std::string describe(const TlsInfo& info, const TlsVerdict::Fault& fault, const std::string& name) {
    const auto depth = static_cast<std::size_t>(std::max(fault.depth, 0));
    const Certificate* at = depth < info.chain.size() ? &info.chain[depth] : nullptr;
    const std::string who = at != nullptr ? "certificate " + at->subject : "the chain";
    if (fault.code == X509_V_ERR_CERT_HAS_EXPIRED && at != nullptr) {
        return who + " expired at " + format_time(at->not_after);
    }
    if (fault.code == X509_V_ERR_CERT_NOT_YET_VALID && at != nullptr) {
        return who + " is valid from " + format_time(at->not_before) + " only";
    }
    if (meaning_of(fault).reason == "certificate_name_mismatch") {
        return who + " is not for " + name;
    }
    const bool lacks_issuer = fault.code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
                              fault.code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    if (lacks_issuer && at != nullptr) {
        return who + ": its issuer " + at->issuer +
               " is neither trusted here nor sent by the server";
    }
    return who + ": " + ::X509_verify_cert_error_string(fault.code);
}

std::optional<WallTime> earliest_expiry(const std::vector<Certificate>& chain) {
    std::optional<WallTime> earliest;
    for (const Certificate& certificate : chain) {
        if (!earliest || certificate.not_after < *earliest) earliest = certificate.not_after;
    }
    return earliest;
}

std::optional<WallTime> earliest_expiry(STACK_OF(X509) * chain) {
    std::optional<WallTime> earliest;
    for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
        const WallTime end = time_of(::X509_get0_notAfter(sk_X509_value(chain, i)));
        if (!earliest || end < *earliest) earliest = end;
    }
    return earliest;
}

int verdict_slot() {
    static const int slot = ::SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return slot;
}

}  // namespace

Certificate read_certificate(x509_st* certificate) {
    Certificate out;
    out.subject = name_text(::X509_get_subject_name(certificate));
    out.issuer = name_text(::X509_get_issuer_name(certificate));
    out.serial = serial_text(certificate);
    out.fingerprint_sha256 = fingerprint(certificate);
    out.public_key_sha256 = public_key_digest(certificate);
    out.not_before = time_of(::X509_get0_notBefore(certificate));
    out.not_after = time_of(::X509_get0_notAfter(certificate));
    read_alternative_names(certificate, out);
    return out;
}

const Certificate& CertificateCache::read(x509_st* certificate) {
    std::string digest = fingerprint(certificate);
    const auto known = known_.find(digest);
    if (known != known_.end()) return known->second;
    if (known_.size() >= kCertificatesMax) known_.clear();
    return known_[std::move(digest)] = read_certificate(certificate);
}

void read_connection(ssl_st* ssl, TlsInfo& info) {
    info.at = wall_now();
    info.version = ::SSL_get_version(ssl);
    // Go's spelling: "TLS 1.3", not "TLSv1.3".
    if (info.version == "TLSv1") info.version = "TLSv1.0";
    if (info.version.starts_with("TLSv")) info.version.replace(0, 4, "TLS ");
    const SSL_CIPHER* cipher = ::SSL_get_current_cipher(ssl);
    if (cipher != nullptr) info.cipher = ::SSL_CIPHER_standard_name(cipher);
    const unsigned char* alpn = nullptr;
    unsigned int alpn_size = 0;
    ::SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
    info.alpn.clear();
    if (alpn != nullptr) info.alpn.assign(reinterpret_cast<const char*>(alpn), alpn_size);
}

int TlsVerdict::on_fault(int ok, x509_store_ctx_st* store) {
    if (ok == 1) return 1;
    const auto* ssl = static_cast<const SSL*>(
        ::X509_STORE_CTX_get_ex_data(store, ::SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* verdict = static_cast<TlsVerdict*>(::SSL_get_ex_data(ssl, verdict_slot()));
    verdict->faults_.push_back(
        {::X509_STORE_CTX_get_error(store), ::X509_STORE_CTX_get_error_depth(store)});
    // Go on: the handshake must complete, so that the chain's facts are known although it is bad.
    return 1;
}

void TlsVerdict::watch(ssl_st* ssl, const std::string& name) {
    ::SSL_set_ex_data(ssl, verdict_slot(), this);
    ::SSL_set_verify(ssl, SSL_VERIFY_PEER, &TlsVerdict::on_fault);
    X509_VERIFY_PARAM* parameters = ::SSL_get0_param(ssl);
    if (IpAddress::parse(name)) {
        // RFC 6066: no SNI for addresses.
        ::X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str());
        return;
    }
    ::X509_VERIFY_PARAM_set_hostflags(
        parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    // A trailing dot belongs to DNS, not to certificates.
    const std::string plain = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
    ::X509_VERIFY_PARAM_set1_host(parameters, plain.c_str(), plain.size());
    SSL_set_tlsext_host_name(ssl, plain.c_str());
}

TlsInfo TlsVerdict::read(ssl_st* ssl, const std::string& name, CertificateCache& cache) const {
    TlsInfo info;
    read_connection(ssl, info);
    STACK_OF(X509)* served = ::SSL_get_peer_cert_chain(ssl);
    for (int i = 0; served != nullptr && i < sk_X509_num(served); ++i) {
        info.chain.push_back(cache.read(sk_X509_value(served, i)));
    }
    info.earliest_expiry = earliest_expiry(info.chain);
    if (info.chain.empty()) {
        info.reason = "no_certificate";
        info.detail = "the server shows no certificate";
        return info;
    }
    if (std::ranges::all_of(faults_, is_about_time)) {
        info.chain_expiry = earliest_expiry(::SSL_get0_verified_chain(ssl));
    }
    const auto worst = std::ranges::min_element(
        faults_, {}, [](const Fault& fault) { return meaning_of(fault).rank; });
    info.verified = worst == faults_.end();
    if (!info.verified) {
        info.reason = meaning_of(*worst).reason;
        info.detail = describe(info, *worst, name);
    }
    return info;
}

}  // namespace pilotlight::runtime
