// Certificates as servers show them, in DER.
#include <openssl/x509.h>

#include <memory>

#include "core/check.h"
#include "runtime/tls_context.h"

namespace pilotlight::fuzz {

void certificate(std::string_view input) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(input.data());
    const std::unique_ptr<X509, decltype(&::X509_free)> read(
        ::d2i_X509(nullptr, &bytes, static_cast<long>(input.size())), &::X509_free);
    if (read) PILOT_CHECK(runtime::read_certificate(read.get()).fingerprint_sha256.size() == 64);
    static_cast<void>(runtime::take_openssl_error());
}

}  // namespace pilotlight::fuzz
