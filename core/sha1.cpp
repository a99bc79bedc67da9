#include "core/sha1.h"

#include <openssl/evp.h>

#include <array>

#include "core/check.h"

namespace pilotlight {

std::string sha1(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    PILOT_CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha1(), nullptr) ==
                1);
    return {digest.begin(), digest.begin() + length};
}

}  // namespace pilotlight
