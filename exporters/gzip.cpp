#include "exporters/gzip.h"

#include <zlib.h>

namespace pilotlight::exporters {

std::optional<std::string> gzip(std::string_view text) {
    constexpr int kLargestWindow = 15;
    constexpr int kGzipHeader = 16;
    constexpr int kMemoryLevel = 8;
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kLargestWindow + kGzipHeader, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        return std::nullopt;
    }
    // zlib counts in 32 bits: what is longer is fed in pieces.
    constexpr std::size_t kPiece = 1U << 30;
    std::string out;
    int status = Z_OK;
    do {
        const std::size_t piece = std::min(text.size(), kPiece);
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
        stream.avail_in = static_cast<uInt>(piece);
        text.remove_prefix(piece);
        const int flush = text.empty() ? Z_FINISH : Z_NO_FLUSH;
        do {
            const std::size_t used = out.size();
            out.resize(used + std::max<std::size_t>(piece / 8, 4096));
            stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
            stream.avail_out = static_cast<uInt>(out.size() - used);
            status = deflate(&stream, flush);
            out.resize(out.size() - stream.avail_out);
        } while (status == Z_OK && (stream.avail_in > 0 || flush == Z_FINISH));
    } while (status != Z_STREAM_ERROR && !text.empty());
    deflateEnd(&stream);
    if (status != Z_STREAM_END) return std::nullopt;
    return out;
}

}  // namespace pilotlight::exporters
