#include "probes/dns_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "probes/network.h"

namespace pilotlight::probes {

namespace {

using config::option;
using config::option_read_by;

constexpr config::Option<RecordRules> kRuleOptions[] = {
    option<&RecordRules::fail_if_matches>("fail_if_matches_regexp", "",
                                          "fail when a record matches one of these"),
    option<&RecordRules::fail_if_all_match>(
        "fail_if_all_match_regexp", "",
        "fail unless every record matches all of these: what blackbox_exporter does, whatever the "
        "name says"),
    option<&RecordRules::fail_if_not_matches>(
        "fail_if_not_matches_regexp", "",
        "fail when a record does not match one of these, or there is no record"),
    option<&RecordRules::fail_if_none_matches>(
        "fail_if_none_matches_regexp", "",
        "fail when no record matches any of these, or there is no record"),
};

template <RecordRules DnsOptions::* Section>
void read_rules(const Node& node, DnsOptions& out, Errors& errors) {
    config::read_options(node, kRuleOptions, out.*Section, errors);
}

void read_transport(const Node& node, DnsOptions& out, Errors& errors) {
    if (!node.is_scalar() || (node.scalar != "udp" && node.scalar != "tcp")) {
        config::expected_value(node, "udp or tcp", errors);
        return;
    }
    out.over_tcp = node.scalar == "tcp";
}

void read_query_name(const Node& node, DnsOptions& out, Errors& errors) {
    std::string name;
    const std::size_t before = errors.size();
    config::read_value(node, name, errors);
    if (errors.size() != before) return;
    if (name.empty() || !make_dns_query({.name = name}, 0)) {
        config::expected_value(node, "a domain name", errors);
        return;
    }
    out.question.name = std::move(name);
}

void read_query_type(const Node& node, DnsOptions& out, Errors& errors) {
    const auto type = node.is_scalar() ? dns_type(node.scalar) : std::nullopt;
    if (!type) {
        config::expected_value(node, "a type of records as in A, AAAA, MX, SOA, ANY", errors);
        return;
    }
    out.question.type = *type;
}

void read_query_class(const Node& node, DnsOptions& out, Errors& errors) {
    const auto klass = node.is_scalar() ? dns_class(node.scalar) : std::nullopt;
    if (!klass) {
        config::expected_value(node, "IN, CS, CH, CHAOS, HS, NONE or ANY", errors);
        return;
    }
    out.question.klass = *klass;
}

void read_rcodes(const Node& node, DnsOptions& out, Errors& errors) {
    std::vector<std::string> names;
    const std::size_t before = errors.size();
    config::read_value(node, names, errors);
    if (errors.size() != before) return;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const std::optional<int> rcode = dns_rcode(names[i]);
        if (!rcode) {
            config::expected_value(node.items[i], "a code as in NOERROR, NXDOMAIN, REFUSED",
                                   errors);
            continue;
        }
        out.valid_rcodes.push_back(*rcode);
    }
}

using D = DnsOptions;

constexpr std::string_view kRulesType =
    "section of lists of regular expressions: fail_if_matches_regexp, fail_if_all_match_regexp, "
    "fail_if_not_matches_regexp, fail_if_none_matches_regexp";

constexpr config::Option<DnsOptions> kOptions[] = {
    option_read_by<D>(&read_query_name, "query_name", "text", "required", "the name to ask for"),
    option_read_by<D>(&read_query_type, "query_type", "text", "ANY",
                      "the type of the records to ask for"),
    option_read_by<D>(&read_query_class, "query_class", "text", "IN",
                      "the class of the records to ask for"),
    option_read_by<D>(
        [](const Node& node, D& out, Errors& errors) {
            config::read_value(node, out.question.recursion_desired, errors);
        },
        "recursion_desired", "true or false", "true",
        "whether the server may ask others for the answer"),
    option_read_by<D>(&read_transport, "transport_protocol", "udp or tcp", "udp",
                      "how to ask; over UDP the query is repeated while time is left"),
    option<&D::over_tls>("dns_over_tls", "false", "ask over TLS (RFC 7858); needs tcp"),
    tls_config_row<D>(),
    option_read_by<D>(&read_rcodes, "valid_rcodes", "list of texts", "NOERROR",
                      "the response codes that are good"),
    option_read_by<D>(&read_rules<&D::answer>, "validate_answer_rrs", kRulesType, "",
                      "what the answer's records are held against, each in the form "
                      "`example.com.<TAB>300<TAB>IN<TAB>A<TAB>192.0.2.1`"),
    option_read_by<D>(&read_rules<&D::authority>, "validate_authority_rrs", kRulesType, "",
                      "the same for the authority section"),
    option_read_by<D>(&read_rules<&D::additional>, "validate_additional_rrs", kRulesType, "",
                      "the same for the additional section"),
    preferred_ip_protocol_row<D>(),
    ip_protocol_fallback_row<D>(),
    source_ip_address_row<D>(),
};

bool any_matches(const std::vector<Regexp>& regexps, const std::string& record) {
    return std::ranges::any_of(regexps,
                               [&](const Regexp& regexp) { return regexp.matches(record); });
}

/// The first that the record does not match, or null.
const Regexp* first_unmatched(const std::vector<Regexp>& regexps, const std::string& record) {
    const auto found = std::ranges::find_if(
        regexps, [&](const Regexp& regexp) { return !regexp.matches(record); });
    return found == regexps.end() ? nullptr : &*found;
}

}  // namespace

std::optional<std::string> broken_rule(const RecordRules& rules,
                                       const std::vector<std::string>& records) {
    const bool needs_one =
        !rules.fail_if_not_matches.empty() || !rules.fail_if_none_matches.empty();
    if (records.empty() && needs_one) return "there is no record to match";
    bool any_match = false;
    for (const std::string& record : records) {
        for (const Regexp& regexp : rules.fail_if_matches) {
            if (regexp.matches(record)) {
                return fmt::format("'{}' matches {}", record, regexp.pattern());
            }
        }
        for (const auto* must_match : {&rules.fail_if_not_matches, &rules.fail_if_all_match}) {
            const Regexp* unmatched = first_unmatched(*must_match, record);
            if (unmatched != nullptr) {
                return fmt::format("'{}' does not match {}", record, unmatched->pattern());
            }
        }
        any_match = any_match || any_matches(rules.fail_if_none_matches, record);
    }
    if (!rules.fail_if_none_matches.empty() && !any_match) {
        return fmt::format("none of {} records matches", records.size());
    }
    return std::nullopt;
}

DnsOptions read_dns_options(const Node& node, Errors& errors) {
    DnsOptions options;
    config::read_options(node, kOptions, options, errors);
    if (options.over_tls && !options.over_tcp) {
        errors.push_back(node.error("dns_over_tls needs transport_protocol: tcp"));
    }
    return options;
}

std::vector<config::OptionDoc> dns_option_docs() {
    return config::docs_of(kOptions);
}

}  // namespace pilotlight::probes
