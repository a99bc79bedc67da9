#include "runtime/tls_digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "core/check.h"

namespace pilotlight::runtime {

std::string keyed_digest(std::string_view key, std::string_view text) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    const unsigned char* made =
        ::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()),
               reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
    PILOT_CHECK(made != nullptr);
    std::string digits;
    for (unsigned int i = 0; i < size; ++i)
        digits += fmt::format("{:02x}", digest[i]);
    return digits;
}

}  // namespace pilotlight::runtime
