#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

/// Copying and comparing texts of a few bytes, of which an exposition is made: a call of the C
/// library for each costs more than the work itself. Words are read whole, the last one again with
/// what is before it.
namespace pilotlight::exporters {

template <class Word>
[[nodiscard]] inline Word load(const char* from) {
    Word word;
    std::memcpy(&word, from, sizeof word);
    return word;
}

template <class Word>
inline void store(char* to, Word word) {
    std::memcpy(to, &word, sizeof word);
}

/// Copies the text to `at`, where there is room; returns its end there.
inline char* put(char* at, std::string_view text) {
    const char* from = text.data();
    const std::size_t size = text.size();
    char* const end = at + size;
    if (size >= 8) {
        std::memcpy(at, from, size);
    } else if (size >= 4) {
        store(at, load<std::uint32_t>(from));
        store(end - 4, load<std::uint32_t>(from + size - 4));
    } else if (size > 0) {
        at[0] = from[0];
        at[size / 2] = from[size / 2];
        at[size - 1] = from[size - 1];
    }
    return end;
}

/// A constant text that is put so often that it is copied with what stands behind it.
class PaddedText {
  public:
    /// What put() may write past its end.
    static constexpr std::size_t kPadding = 32;

    explicit PaddedText(std::string text) : text_(std::move(text)), size_(text_.size()) {
        text_.resize(std::max(size_, kPadding));
    }
    [[nodiscard]] std::size_t size() const { return size_; }

    /// As put(), but with room for kPadding bytes at least.
    [[nodiscard]] char* put(char* at) const {
        std::memcpy(at, text_.data(), kPadding);
        if (size_ > kPadding) {
            std::memcpy(at + kPadding, text_.data() + kPadding, size_ - kPadding);
        }
        return at + size_;
    }

  private:
    std::string text_;
    std::size_t size_;
};

inline char* put(char* at, char c) {
    *at = c;
    return at + 1;
}

[[nodiscard]] inline bool equal_short(std::string_view a, std::string_view b) {
    const std::size_t size = a.size();
    if (size != b.size()) return false;
    if (size >= 8) {
        const std::size_t last = size - 8;
        for (std::size_t i = 0; i < last; i += 8) {
            if (load<std::uint64_t>(a.data() + i) != load<std::uint64_t>(b.data() + i))
                return false;
        }
        return load<std::uint64_t>(a.data() + last) == load<std::uint64_t>(b.data() + last);
    }
    if (size >= 4) {
        return load<std::uint32_t>(a.data()) == load<std::uint32_t>(b.data()) &&
               load<std::uint32_t>(a.data() + size - 4) == load<std::uint32_t>(b.data() + size - 4);
    }
    return size == 0 || (a[0] == b[0] && a[size / 2] == b[size / 2] && a[size - 1] == b[size - 1]);
}

/// The bytes of a text of less than eight, some of them twice, in one word that has no others.
[[nodiscard]] inline std::uint64_t short_word(std::string_view text) {
    const std::size_t size = text.size();
    if (size >= 4) {
        return load<std::uint32_t>(text.data()) |
               std::uint64_t{load<std::uint32_t>(text.data() + size - 4)} << 32;
    }
    if (size == 0) return 0;
    const auto byte = [&](std::size_t i) {
        return std::uint64_t{static_cast<unsigned char>(text[i])};
    };
    const std::uint64_t three = byte(0) | byte(size / 2) << 8 | byte(size - 1) << 16;
    return three | three << 24 | byte(0) << 48 | byte(0) << 56;
}

}  // namespace pilotlight::exporters
