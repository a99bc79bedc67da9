#include "config/sections.h"

namespace pilotlight::config {
namespace {

void read_count(const Node& node, std::uint64_t& out, Errors& errors) {
    std::uint64_t value = 0;
    const std::size_t before = errors.size();
    read_value(node, value, errors);
    if (errors.size() != before) return;
    if (value == 0) return expected_value(node, "an integer of 1 or more", errors);
    out = value;
}

template <std::uint64_t Limits::* Member>
void read_limit(const Node& node, Limits& limits, Errors& errors) {
    read_count(node, limits.*Member, errors);
}

void read_per_prober(const Node& node, Limits& limits, Errors& errors) {
    if (!node.is_mapping()) return read_count(node, limits.probes_per_prober, errors);
    for (const Node::Entry& entry : node.entries)
        read_count(entry.value, limits.probes_of_prober[entry.key], errors);
}

void read_body_size(const Node& node, Limits& limits, Errors& errors) {
    Bytes size{limits.body_bytes};
    read_value(node, size, errors);
    if (size.count == 0) return expected_value(node, "a size of 1 byte or more", errors);
    limits.body_bytes = size.count;
}

void read_queries(const Node& node, Limits& limits, Errors& errors) {
    constexpr std::uint64_t kQueriesMax = 32;
    std::uint64_t value = 0;
    const std::size_t before = errors.size();
    read_value(node, value, errors);
    if (errors.size() != before) return;
    if (value == 0 || value > kQueriesMax) {
        return expected_value(node, "an integer from 1 to 32", errors);
    }
    limits.queries = value;
}

template <Duration Limits::* Member>
void read_timeout(const Node& node, Limits& limits, Errors& errors) {
    Duration value{};
    const std::size_t before = errors.size();
    read_value(node, value, errors);
    if (errors.size() != before) return;
    if (value <= Duration{0}) return expected_value(node, "more than 0s", errors);
    limits.*Member = value;
}

constexpr Option<Limits> kOptions[] = {
    option_read_by<Limits>(read_body_size, "body_size", "size", "10MiB",
                           "What a probe reads of an answer's body, after decompression."),
    option_read_by<Limits>(read_limit<&Limits::scrape_samples>, "scrape_samples", "integer",
                           "100000", "Samples that one scrape may bring; more fail the probe."),
    option_read_by<Limits>(read_limit<&Limits::series>, "series", "integer", "1000000",
                           "Series held in all."),
    option_read_by<Limits>(read_limit<&Limits::probes_in_flight>, "probes_in_flight", "integer",
                           "2000", "Probes that run at once on one probe thread."),
    option_read_by<Limits>(read_limit<&Limits::probes_per_host>, "probes_per_host", "integer",
                           "1000",
                           "Probes that run at once against one host; all addresses of a target "
                           "(`addresses`) count as one."),
    option_read_by<Limits>(read_per_prober, "probes_per_prober", "integer or map of integers",
                           "10000",
                           "Probes of one prober that run at once; or as many of each that is "
                           "named, as in `{http: 500, icmp: 50}`. What is due beyond a limit of "
                           "probes waits, and is late. When the target's next turn comes before "
                           "it has begun, that is left out and counted under the limit "
                           "(`pilotlight_probes_skipped_total`)."),
    option_read_by<Limits>(read_limit<&Limits::alerts_per_rule>, "alerts_per_rule", "integer",
                           "10000", "Alerts that one rule may have; more fail its evaluation."),
    option_read_by<Limits>(
        read_timeout<&Limits::rule_timeout>, "rule_timeout", "duration", "1s",
        "What one evaluation of one rule may take of the processor; then it fails and is "
        "left alone for a while. A rule that takes more than 50ms rests for nine "
        "times as long."),
    option_read_by<Limits>(read_queries, "queries", "integer", "4",
                           "Queries of the API that are evaluated at once, at most 32. Twenty "
                           "more wait for their turn; the rest get 503."),
    option_read_by<Limits>(read_limit<&Limits::query_samples>, "query_samples", "integer",
                           "50000000", "Samples that one query may read and make."),
    option_read_by<Limits>(read_timeout<&Limits::query_timeout>, "query_timeout", "duration", "2m",
                           "As long as one query may take, waiting for its turn included."),
};

}  // namespace

void read_limits(const Node& node, Reading& reading) {
    read_options(node, kOptions, reading.config.limits, reading.errors);
    const Node* named = node.find("probes_per_prober");
    if (named == nullptr || !named->is_mapping()) return;
    check_keys(*named, {reading.probers.begin(), reading.probers.end()}, reading.errors);
}

SectionDocs limits_docs() {
    return {"limits", "Every limit that the daemon keeps. Reaching one is counted, and told.",
            docs_of(kOptions)};
}

}  // namespace pilotlight::config
