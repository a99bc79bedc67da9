// What a DNS server answers.
#include "core/check.h"
#include "probes/dns_codec.h"

namespace pilotlight::fuzz {

void dns_answer(std::string_view input) {
    const probes::DnsQuestion question{.name = "www.example.test", .type = 1};
    const auto answer = probes::read_dns_answer(input, question, 0x1234);
    if (!answer) {
        PILOT_CHECK(!answer.error().reason.empty() && !answer.error().detail.empty());
        return;
    }
    PILOT_CHECK(answer->answer.records.size() <= answer->answer.count);
    PILOT_CHECK(answer->additional.records.size() <= answer->additional.count);
}

}  // namespace pilotlight::fuzz
