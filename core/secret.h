#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

namespace pilotlight {

/// A text that must never be shown: a password, a token, a webhook's URL. Printing one prints
/// `<secret>`; only reveal() gives the text, and only the file that sends it should call that.
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string text) : text_(std::move(text)) {}

    [[nodiscard]] const std::string& reveal() const { return text_; }
    [[nodiscard]] bool empty() const { return text_.empty(); }

    auto operator<=>(const Secret&) const = default;

  private:
    std::string text_;
};

}  // namespace pilotlight

template <>
struct fmt::formatter<pilotlight::Secret> : fmt::formatter<std::string_view> {
    auto format(const pilotlight::Secret&, format_context& out) const {
        return fmt::formatter<std::string_view>::format("<secret>", out);
    }
};
