#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pilotlight::alerting {

/// The message in a channel that is edited as its group changes: what Slack's integration leaves in
/// the journal.
struct SlackMemory {
    std::string channel;
    std::string ts;
    /// The sequence of the notification that the message shows.
    std::uint64_t shows = 0;
    /// Fingerprints of what fired when the thread was last written to.
    std::vector<std::string> fired;

    [[nodiscard]] std::string to_text() const;
    /// Nothing where the text is none.
    [[nodiscard]] static std::optional<SlackMemory> parse(std::string_view text);
    /// From the answer to chat.postMessage; nothing where it names no message.
    [[nodiscard]] static std::optional<SlackMemory> of_answer(std::string_view body);
};

}  // namespace pilotlight::alerting
