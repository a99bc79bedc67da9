#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "core/secret.h"

namespace pilotlight::app {

/// Who may come in, by user and bcrypt hash. Whether a password fits takes tens of milliseconds by
/// design: what was asked lately is remembered, under a digest whose key nobody knows. Passwords
/// are tried one at a time, so that guessing takes one processor at most. Thread: any.
class Logins {
  public:
    explicit Logins(std::map<std::string, Secret> users);

    [[nodiscard]] bool empty() const { return users_.empty(); }
    /// `authorization` is the header's value: "Basic ...". An unknown user takes as long as a wrong
    /// password.
    [[nodiscard]] bool admits(std::string_view authorization);

    /// How many answers are remembered.
    static constexpr std::size_t kRememberedMax = 100;

  private:
    [[nodiscard]] bool fits(const std::string& user, const std::string& password);

    std::map<std::string, Secret> users_;
    std::string digest_key_;
    std::mutex remembering_;
    std::map<std::string, bool> remembered_;
    std::mutex trying_;
};

}  // namespace pilotlight::app
