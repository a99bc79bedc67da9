#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/options.h"
#include "core/regexp.h"
#include "probes/dns_codec.h"
#include "runtime/ip_address.h"
#include "runtime/tls.h"

/// The options of the dns prober: blackbox_exporter's `dns` module.
namespace pilotlight::probes {

/// What a section's records are held against. Each is a line as DnsSection has it.
struct RecordRules {
    std::vector<Regexp> fail_if_matches = {};
    std::vector<Regexp> fail_if_all_match = {};
    std::vector<Regexp> fail_if_not_matches = {};
    std::vector<Regexp> fail_if_none_matches = {};
};

/// Nothing where the records keep the rules; else what is wrong.
[[nodiscard]] std::optional<std::string> broken_rule(const RecordRules& rules,
                                                     const std::vector<std::string>& records);

struct DnsOptions {
    DnsQuestion question;
    /// By TCP instead of UDP.
    bool over_tcp = false;
    bool over_tls = false;
    runtime::TlsSettings tls_config;
    /// NOERROR where it is empty.
    std::vector<int> valid_rcodes;
    RecordRules answer;
    RecordRules authority;
    RecordRules additional;
    runtime::IpPreference ip;
    std::optional<runtime::IpAddress> source;
};

/// Reads and checks the section. Errors carry their places.
[[nodiscard]] DnsOptions read_dns_options(const Node& node, Errors& errors);
[[nodiscard]] std::vector<config::OptionDoc> dns_option_docs();

}  // namespace pilotlight::probes
