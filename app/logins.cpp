#include "app/logins.h"

#include <crypt.h>

#include <array>
#include <memory>
#include <optional>

#include "alerting/uuid.h"
#include "runtime/tls_digest.h"

namespace pilotlight::app {
namespace {

constexpr std::size_t kAuthorizationMax = 4'096;
/// Of a password that nobody has: for users that there are not.
constexpr const char* kNobodysHash = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

/// RFC 4648, 4; nothing where the text is not of it.
std::optional<std::string> from_base64(std::string_view text) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    while (text.ends_with('='))
        text.remove_suffix(1);
    std::string bytes;
    unsigned int bits = 0;
    int count = 0;
    for (const char c : text) {
        const std::size_t digit = kDigits.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        bits = (bits << 6U) | static_cast<unsigned int>(digit);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes += static_cast<char>((bits >> static_cast<unsigned int>(count)) & 0xffU);
    }
    return bytes;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    unsigned char difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference |= static_cast<unsigned char>(a[i] ^ b[i]);
    return difference == 0;
}

bool is_password_of(const std::string& password, const std::string& hash) {
    // bcrypt reads up to the first NUL: what stands behind it would not count.
    if (password.contains('\0')) return false;
    // 32 KiB: not for a thread's stack.
    const auto memory = std::make_unique<crypt_data>();
    const char* made = ::crypt_r(password.c_str(), hash.c_str(), memory.get());
    return made != nullptr && equal_in_constant_time(made, hash);
}

}  // namespace

Logins::Logins(std::map<std::string, Secret> users)
    : users_(std::move(users)), digest_key_(alerting::random_uuid() + alerting::random_uuid()) {}

bool Logins::admits(std::string_view authorization) {
    constexpr std::string_view kScheme = "Basic ";
    if (!authorization.starts_with(kScheme) || authorization.size() > kAuthorizationMax) {
        return false;
    }
    const auto login = from_base64(authorization.substr(kScheme.size()));
    if (!login) return false;
    const std::size_t colon = login->find(':');
    if (colon == std::string::npos) return false;
    return fits(login->substr(0, colon), login->substr(colon + 1));
}

bool Logins::fits(const std::string& user, const std::string& password) {
    const auto known = users_.find(user);
    const std::string hash = known == users_.end() ? kNobodysHash : known->second.reveal();
    const std::string digest = runtime::keyed_digest(
        digest_key_, std::to_string(user.size()) + ":" + user + hash + password);
    {
        const std::scoped_lock lock(remembering_);
        const auto found = remembered_.find(digest);
        if (found != remembered_.end()) return found->second;
    }
    const std::scoped_lock one_at_a_time(trying_);
    const bool is_good = is_password_of(password, hash) && known != users_.end();
    const std::scoped_lock lock(remembering_);
    if (remembered_.size() >= kRememberedMax) {
        // Wrong guesses give way first: they are what somebody may make many of.
        const std::size_t wrong =
            std::erase_if(remembered_, [](const auto& entry) { return !entry.second; });
        if (wrong == 0) remembered_.clear();
    }
    remembered_[digest] = is_good;
    return is_good;
}

}  // namespace pilotlight::app
