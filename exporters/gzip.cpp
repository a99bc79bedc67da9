#include "exporters/gzip.h"

#include <zlib.h>

#include <algorithm>

namespace pilotlight::exporters {
namespace {

// zlib counts in 32 bits: what is longer is fed in parts.
constexpr std::size_t kMost = 1U << 30;
constexpr std::size_t kRoom = 64 * 1024;

/// Compresses `part` into `out`; false on a failure of zlib's.
bool deflate_part(z_stream& stream, std::string_view part, int flush, std::string& out) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
    stream.avail_in = static_cast<uInt>(part.size());
    int status = Z_OK;
    do {
        const std::size_t used = out.size();
        out.resize(used + kRoom);
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
        stream.avail_out = kRoom;
        status = deflate(&stream, flush);
        out.resize(out.size() - stream.avail_out);
        // Z_BUF_ERROR: nothing was left to do.
    } while (status == Z_OK && (stream.avail_out == 0 || flush == Z_FINISH));
    return status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR;
}

}  // namespace

std::optional<std::string> gzip(std::span<const std::string_view> pieces) {
    constexpr int kLargestWindow = 15;
    constexpr int kGzipHeader = 16;
    constexpr int kMemoryLevel = 8;
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kLargestWindow + kGzipHeader, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        return std::nullopt;
    }
    std::string out;
    bool good = true;
    for (std::string_view piece : pieces) {
        while (good && !piece.empty()) {
            const std::string_view part = piece.substr(0, kMost);
            good = deflate_part(stream, part, Z_NO_FLUSH, out);
            piece.remove_prefix(part.size());
        }
    }
    good = good && deflate_part(stream, {}, Z_FINISH, out);
    deflateEnd(&stream);
    if (!good) return std::nullopt;
    return out;
}

}  // namespace pilotlight::exporters
