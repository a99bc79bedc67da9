// Bodies as servers compress them: bombs, cuts and damage.
#include <array>

#include "core/check.h"
#include "runtime/http_decode.h"

namespace pilotlight::fuzz {

void content_coding(std::string_view input) {
    constexpr std::array<std::string_view, 6> kCodings{"gzip", "deflate",  "br",
                                                       "GZip", "identity", "zstd"};
    constexpr std::uint64_t kLimit = 200'000;
    if (input.empty()) return;
    const auto choice = static_cast<unsigned char>(input[0]);
    const std::string_view coding = kCodings[choice % kCodings.size()];
    const std::string_view coded = input.substr(1);
    const auto whole = runtime::decode_body(coding, coded, kLimit, true);
    PILOT_CHECK(whole.body.size() <= kLimit);
    PILOT_CHECK(!whole.truncated || whole.body.size() == kLimit);
    // What was cut off is the beginning of the whole, and no damage.
    const auto cut = runtime::decode_body(coding, coded, kLimit / 1000, true);
    PILOT_CHECK(whole.body.starts_with(cut.body));
    const auto beginning =
        runtime::decode_body(coding, coded.substr(0, coded.size() / 2), kLimit, false);
    PILOT_CHECK(whole.damaged || !beginning.damaged);
}

}  // namespace pilotlight::fuzz
