#include "probes/heartbeat_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/utf8.h"

namespace pilotlight::probes {
namespace {

constexpr std::size_t kRunBytesMax = 100;
constexpr std::size_t kDigitsMax = 3;
constexpr int kExitCodeMax = 255;

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

std::optional<int> exit_code(std::string_view text) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (text.empty() || text.size() > kDigitsMax || !std::ranges::all_of(text, is_digit)) {
        return std::nullopt;
    }
    int code = 0;
    std::from_chars(text.data(), text.data() + text.size(), code);
    return code <= kExitCodeMax ? std::optional(code) : std::nullopt;
}

}  // namespace

HeartbeatAddress split_heartbeat_address(std::string_view path) {
    const std::size_t slash = path.find('/');
    if (slash == path.npos) return {path, {}};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

Result<HeartbeatPing> read_heartbeat_ping(std::string_view action, std::string_view run) {
    HeartbeatPing ping;
    if (run.size() > kRunBytesMax || std::ranges::any_of(run, is_control) || !is_valid_utf8(run)) {
        return fail(fmt::format("expected a run's id of at most {} bytes of text on one line",
                                kRunBytesMax));
    }
    ping.run = run;
    if (action == "start") {
        ping.kind = HeartbeatPing::Kind::start;
    } else if (action == "fail") {
        ping.kind = HeartbeatPing::Kind::fail;
    } else if (!action.empty()) {
        const auto code = exit_code(action);
        if (!code) return fail("expected start, fail or an exit code of 0 to 255 after the name");
        if (*code != 0) ping.kind = HeartbeatPing::Kind::exit_code;
        ping.exit_code = *code;
    }
    return ping;
}

}  // namespace pilotlight::probes
