#include <fmt/format.h>

#include <algorithm>

#include "config/sections.h"

namespace pilotlight::config {
namespace {

constexpr int kAttemptsMax = 10;
/// While a failure is being confirmed nothing else is known of the target.
constexpr Duration kLongest = std::chrono::minutes(1);

struct Confirm {
    int attempts = 2;
    Duration within = std::chrono::seconds(5);
};

struct Recover {
    int attempts = 2;
};

template <int Least, class Section>
void read_attempts(const Node& node, Section& section, Errors& errors) {
    int attempts = -1;
    const std::size_t before = errors.size();
    read_value(node, attempts, errors);
    if (errors.size() != before) return;
    if (attempts < Least || attempts > kAttemptsMax) {
        return expected_value(node, fmt::format("{} to {}", Least, kAttemptsMax), errors);
    }
    section.attempts = attempts;
}

void read_within(const Node& node, Confirm& section, Errors& errors) {
    Duration within{};
    const std::size_t before = errors.size();
    read_value(node, within, errors);
    if (errors.size() != before) return;
    if (within <= Duration{0}) return expected_value(node, "more than 0s", errors);
    section.within = within;
}

constexpr Option<Confirm> kConfirmOptions[] = {
    option_read_by<Confirm>(read_attempts<0, Confirm>, "attempts", "0 to 10", "2",
                            "How many more probes have to fail; 0 for none."),
    option_read_by<Confirm>(read_within, "within", "duration", "5s",
                            "They begin at even distances within this time after the failure. At "
                            "most 1m, or the interval of a target where that is longer."),
};

constexpr Option<Recover> kRecoverOptions[] = {
    option_read_by<Recover>(read_attempts<1, Recover>, "attempts", "1 to 10", "2",
                            "How many probes in a row have to succeed."),
};

}  // namespace

void read_confirm(const Node& node, Confirmation& out, Errors& errors) {
    Confirm section;
    const std::size_t before = errors.size();
    read_options(node, kConfirmOptions, section, errors);
    if (errors.size() != before) return;
    out.attempts = section.attempts;
    out.within = section.within;
}

void read_recover(const Node& node, Confirmation& out, Errors& errors) {
    Recover section;
    read_options(node, kRecoverOptions, section, errors);
    out.recover_attempts = section.attempts;
}

void check_confirm(const Node& node, const Confirmation& confirmation, Duration interval,
                   Errors& errors) {
    const Node* within = node.find("within");
    const Duration longest = std::max(interval, kLongest);
    if (within == nullptr || confirmation.within <= longest) return;
    expected_value(*within, fmt::format("at most {}", format_duration(longest)), errors);
}

std::vector<SectionDocs> confirmation_docs() {
    return {{"confirm",
             "Of a target, or of `defaults`. A first failure is not told: the target is probed "
             "again, with its name looked up anew and, where more than one probe is to follow "
             "and there are some, by other addresses first (not `postgres`). Only when these "
             "probes fail too does it fail. If one succeeds, the failure was a blip: it is "
             "logged, counted (`pilotlight_probe_blips_total`) and shown as the target's last "
             "failure, and nothing else comes of it. A probe that could not judge neither "
             "confirms nor refutes. It is settled after `within` and twice the timeout at the "
             "latest, and as long as it waits for limits; turns of the target that come "
             "meanwhile are left out and counted as overruns.",
             docs_of(kConfirmOptions)},
            {"recover",
             "Of a target, or of `defaults`. A target that failed stays so until as many probes in "
             "a row succeeded: the first in its turn, the others a second apart.",
             docs_of(kRecoverOptions)}};
}

}  // namespace pilotlight::config
