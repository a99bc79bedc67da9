// What servers say before TLS: the first byte chooses the protocol. However the bytes are cut, the
// dialogue comes to the same end, but for what is sent ahead, which can only be seen whole.
#include <string>

#include "core/check.h"
#include "probes/starttls.h"

namespace pilotlight::fuzz {

namespace {

struct Ending {
    std::string said;
    std::string reason;
};

Ending speak(probes::StartTls protocol, std::string_view answers, std::size_t piece) {
    using Kind = probes::StartTlsDialogue::Step::Kind;
    const auto dialogue = probes::make_starttls_dialogue(protocol);
    Ending ending;
    while (true) {
        const probes::StartTlsDialogue::Step step = dialogue->next();
        if (step.kind == Kind::say) {
            ending.said += step.text;
        } else if (step.kind == Kind::wait && !answers.empty()) {
            dialogue->feed(answers.substr(0, piece));
            answers.remove_prefix(std::min(piece, answers.size()));
        } else {
            if (step.kind == Kind::failed) {
                PILOT_CHECK(!step.reason.empty() && !step.text.empty() && step.text.size() < 400);
            }
            ending.reason = step.kind == Kind::failed ? step.reason
                            : step.kind == Kind::wait ? "waits"
                                                      : "secure";
            return ending;
        }
    }
}

}  // namespace

void starttls(std::string_view input) {
    if (input.empty()) return;
    using enum probes::StartTls;
    static constexpr probes::StartTls kAll[] = {postgres, smtp, imap, pop3, ldap, mysql};
    const probes::StartTls protocol = kAll[static_cast<unsigned char>(input.front()) % 6];
    input.remove_prefix(1);
    const Ending whole = speak(protocol, input, std::max<std::size_t>(input.size(), 1));
    const Ending pieces = speak(protocol, input, 3);
    const Ending bytes = speak(protocol, input, 1);
    PILOT_CHECK(bytes.said.starts_with(whole.said) || whole.said.starts_with(bytes.said));
    for (const Ending* each : {&whole, &pieces}) {
        const bool came_ahead =
            each->reason == "injected" || each->reason == "protocol" || bytes.reason == "secure";
        PILOT_CHECK(came_ahead || each->reason == bytes.reason);
    }
}

}  // namespace pilotlight::fuzz
