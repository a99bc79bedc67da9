#include "exporters/text_buffer.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace pilotlight::exporters {
namespace {

constexpr std::size_t kLargePage = 2U << 20;
// What a text takes at a time: small beside a block, large beside a line.
constexpr std::size_t kSmallPiece = 1024;
constexpr std::size_t kLargePiece = 32 * 1024;

/// Asks the kernel for large pages under the memory.
void advise_large_pages(char* begin, std::size_t bytes) {
    const auto address = reinterpret_cast<std::uintptr_t>(begin);
    const std::uintptr_t first = (address + kLargePage - 1) / kLargePage * kLargePage;
    const std::uintptr_t last = (address + bytes) / kLargePage * kLargePage;
    // Refused where the kernel has none: then they are small.
    if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
}

}  // namespace

void TextArena::Free::operator()(char* block) const {
    std::free(block);
}

TextArena::Piece TextArena::take(std::size_t bytes) {
    if (rest_.size < bytes) {
        // The first one small: most expositions are.
        const std::size_t least = blocks_.empty() ? kLargePiece : 2 * kLargePage;
        const std::size_t size = std::max(bytes, least);
        const std::size_t rounded = (size + kLargePage - 1) / kLargePage * kLargePage;
        char* block = static_cast<char*>(
            size < kLargePage ? std::malloc(size) : std::aligned_alloc(kLargePage, rounded));
        if (block == nullptr) throw std::bad_alloc();
        blocks_.emplace_back(block);
        rest_ = {block, size < kLargePage ? size : rounded};
        advise_large_pages(rest_.begin, rest_.size);
    }
    const Piece piece{rest_.begin, bytes};
    rest_.begin += bytes;
    rest_.size -= bytes;
    return piece;
}

void TextBuffer::next_piece(std::size_t bytes) {
    if (at_ != begin_) full_.emplace_back(begin_, at_);
    before_ += static_cast<std::size_t>(at_ - begin_);
    const TextArena::Piece piece =
        arena_->take(std::max(bytes, before_ == 0 ? kSmallPiece : kLargePiece));
    begin_ = at_ = piece.begin;
    end_ = piece.begin + piece.size;
}

void TextBuffer::append_pieces(std::vector<std::string_view>& pieces) const {
    pieces.insert(pieces.end(), full_.begin(), full_.end());
    if (at_ != begin_) pieces.emplace_back(begin_, at_);
}

}  // namespace pilotlight::exporters
