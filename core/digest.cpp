#include "core/digest.h"

#include <openssl/evp.h>

#include <array>

#include "core/check.h"

namespace pilotlight {

namespace {

std::string digest_of(std::string_view text, const EVP_MD* kind) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    PILOT_CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &length, kind, nullptr) == 1);
    return {digest.begin(), digest.begin() + length};
}

}  // namespace

std::string sha1(std::string_view text) {
    return digest_of(text, EVP_sha1());
}

std::uint64_t md5_tail(std::string_view text) {
    const std::string digest = digest_of(text, EVP_md5());
    std::uint64_t tail = 0;
    for (const char byte : std::string_view(digest).substr(digest.size() - 8))
        tail = tail << 8U | static_cast<unsigned char>(byte);
    return tail;
}

}  // namespace pilotlight
