#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace pilotlight {

/// The name of a file that a user wrote. Every value that is read from the file carries it in its
/// place, so a copy is a counter.
class FileName {
  public:
    FileName() = default;
    FileName(std::string name)
        : name_(name.empty() ? nullptr : std::make_shared<const std::string>(std::move(name))) {}
    FileName(std::string_view name) : FileName(std::string(name)) {}
    FileName(const char* name) : FileName(std::string(name)) {}

    [[nodiscard]] const std::string& str() const {
        static const std::string kNone;
        return name_ == nullptr ? kNone : *name_;
    }
    [[nodiscard]] bool empty() const { return name_ == nullptr; }

    bool operator==(const FileName& other) const {
        return name_ == other.name_ || str() == other.str();
    }
    auto operator<=>(const FileName& other) const { return str() <=> other.str(); }

  private:
    std::shared_ptr<const std::string> name_;
};

}  // namespace pilotlight
