#include "runtime/http_decode.h"

#include <brotli/decode.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>

namespace pilotlight::runtime {

namespace {

constexpr std::size_t kChunk = 64 * 1024;
constexpr int kGzip = 15 + 16;
constexpr int kZlib = 15;
constexpr int kRawDeflate = -15;

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

/// Appends up to the limit; false when there was more.
bool append(Decoded& out, std::string_view bytes, std::uint64_t limit) {
    const std::size_t room = static_cast<std::size_t>(limit) - out.body.size();
    out.body.append(bytes.substr(0, room));
    out.truncated = bytes.size() > room;
    return !out.truncated;
}

Decoded inflate_body(std::string_view coded, std::uint64_t limit, bool complete, int window) {
    Decoded out;
    z_stream stream{};
    if (::inflateInit2(&stream, window) != Z_OK) {
        out.damaged = true;
        return out;
    }
    const std::unique_ptr<z_stream, decltype(&::inflateEnd)> closing(&stream, &::inflateEnd);
    auto chunk = std::make_unique<std::array<char, kChunk>>();
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
    stream.avail_in = static_cast<uInt>(coded.size());
    while (true) {
        stream.next_out = reinterpret_cast<Bytef*>(chunk->data());
        stream.avail_out = kChunk;
        const int status = ::inflate(&stream, Z_NO_FLUSH);
        const std::size_t made = kChunk - stream.avail_out;
        if (!append(out, {chunk->data(), made}, limit)) return out;
        if (status == Z_STREAM_END) {
            // A gzip body may be several members (RFC 1952, 2.2).
            if (window != kGzip || stream.avail_in == 0) return out;
            ::inflateReset(&stream);
        } else if (status == Z_BUF_ERROR || (status == Z_OK && stream.avail_in == 0 && made == 0)) {
            out.damaged = complete;
            return out;
        } else if (status != Z_OK) {
            out.damaged = true;
            return out;
        }
    }
}

Decoded decode_brotli(std::string_view coded, std::uint64_t limit, bool complete) {
    Decoded out;
    const std::unique_ptr<BrotliDecoderState, decltype(&::BrotliDecoderDestroyInstance)> state(
        ::BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), &::BrotliDecoderDestroyInstance);
    auto chunk = std::make_unique<std::array<char, kChunk>>();
    const auto* next_in = reinterpret_cast<const std::uint8_t*>(coded.data());
    std::size_t left_in = coded.size();
    while (state) {
        auto* next_out = reinterpret_cast<std::uint8_t*>(chunk->data());
        std::size_t left_out = kChunk;
        const BrotliDecoderResult status = ::BrotliDecoderDecompressStream(
            state.get(), &left_in, &next_in, &left_out, &next_out, nullptr);
        if (!append(out, {chunk->data(), kChunk - left_out}, limit)) return out;
        if (status == BROTLI_DECODER_RESULT_SUCCESS) return out;
        if (status == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) {
            out.damaged = complete;
            return out;
        }
        if (status == BROTLI_DECODER_RESULT_ERROR) break;
    }
    out.damaged = true;
    return out;
}

}  // namespace

Decoded decode_body(std::string_view coding, std::string_view coded, std::uint64_t limit,
                    bool complete) {
    if (coded.empty()) return {};
    if (coding.empty() || equals_ignoring_case(coding, "identity")) {
        Decoded out;
        append(out, coded, limit);
        return out;
    }
    if (equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip")) {
        return inflate_body(coded, limit, complete, kGzip);
    }
    if (equals_ignoring_case(coding, "deflate")) {
        // RFC 9110 means zlib's format; some servers send bare deflate.
        Decoded out = inflate_body(coded, limit, complete, kZlib);
        if (!out.damaged || !out.body.empty()) return out;
        return inflate_body(coded, limit, complete, kRawDeflate);
    }
    if (equals_ignoring_case(coding, "br")) return decode_brotli(coded, limit, complete);
    Decoded out;
    out.damaged = true;
    return out;
}

}  // namespace pilotlight::runtime
