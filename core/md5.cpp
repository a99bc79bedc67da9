#include "core/md5.h"

#include <openssl/evp.h>

#include <array>

#include "core/check.h"

namespace pilotlight {

std::uint64_t md5_tail(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    PILOT_CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_md5(), nullptr) ==
                1);
    std::uint64_t tail = 0;
    for (unsigned int i = length - 8; i < length; ++i)
        tail = tail << 8U | digest[i];
    return tail;
}

}  // namespace pilotlight
