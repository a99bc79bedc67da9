#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace pilotlight::exporters {

/// Memory for many texts that grow side by side and are thrown away together: handed out in
/// pieces, on the kernel's large pages where it has them, since the faults of thousands of small
/// pages would cost as much as the writing.
class TextArena {
  public:
    struct Piece {
        char* begin = nullptr;
        std::size_t size = 0;
    };

    /// At least `bytes`; valid as long as the arena. Throws std::bad_alloc.
    [[nodiscard]] Piece take(std::size_t bytes);

  private:
    struct Free {
        void operator()(char* block) const;
    };

    std::vector<std::unique_ptr<char, Free>> blocks_;
    Piece rest_;
};

/// A text that is appended to: room is asked for once per line and written to with put()
/// (short_text.h), whose cursor the caller holds in a register.
class TextBuffer {
  public:
    /// The arena must outlive it.
    explicit TextBuffer(TextArena& arena) : arena_(&arena) {}

    /// Makes room for `bytes` more.
    void ensure(std::size_t bytes) {
        if (static_cast<std::size_t>(end_ - at_) < bytes) next_piece(bytes);
    }

    /// Where the next character goes; room is up to limit().
    [[nodiscard]] char* position() const { return at_; }
    [[nodiscard]] char* limit() const { return end_; }
    /// Says how far was written since ensure().
    void move_to(char* position) { at_ = position; }

    [[nodiscard]] std::size_t size() const {
        return before_ + static_cast<std::size_t>(at_ - begin_);
    }
    /// What was put, in pieces that live as long as the arena.
    void append_pieces(std::vector<std::string_view>& pieces) const;

  private:
    void next_piece(std::size_t bytes);

    TextArena* arena_;
    std::vector<std::string_view> full_;
    std::size_t before_ = 0;
    char* begin_ = nullptr;
    char* at_ = nullptr;
    char* end_ = nullptr;
};

}  // namespace pilotlight::exporters
