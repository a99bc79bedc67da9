#pragma once

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/options.h"
#include "core/regexp.h"
#include "core/secret.h"
#include "probes/network.h"
#include "probes/probe.h"
#include "runtime/stream.h"
#include "runtime/tls.h"

namespace pilotlight::runtime {
class Services;
}

/// A scripted dialogue over a byte stream: blackbox_exporter's `query_response`, which the tcp and
/// unix probers share.
namespace pilotlight::probes {

struct LabelTemplate {
    std::string name;
    std::string value;
};
/// One step of the conversation, in blackbox_exporter's order: expect, expect_bytes, send,
/// starttls.
struct Exchange {
    std::optional<Regexp> expect;
    std::string expect_bytes;
    std::vector<LabelTemplate> labels;
    Secret send;
    bool starttls = false;
};

/// The options that both probers have; theirs derive from it.
struct ConversationOptions {
    std::vector<Exchange> query_response;
    bool tls = false;
    runtime::TlsSettings tls_config;
};

void read_exchanges(const Node& node, std::vector<Exchange>& out, Errors& errors);
/// Says of options that do not go together; `node` is the section.
void check_conversation(const Node& node, const ConversationOptions& options, Errors& errors);

template <class Section>
constexpr config::Option<Section> query_response_row() {
    return config::option_read_by<Section>(
        [](const Node& node, Section& out, Errors& errors) {
            read_exchanges(node, out.query_response, errors);
        },
        "query_response", "list of {expect, expect_bytes, labels, send, starttls}", "",
        "what to say and to expect, in order");
}
template <class Section>
constexpr config::Option<Section> tls_row() {
    return config::option<&ConversationOptions::tls, Section>("tls", "false",
                                                              "speak TLS from the first byte");
}

/// What a conversation leaves behind, for those who ask why it failed.
struct Heard {
    /// The last that the peer said, some KiB.
    std::string text;
    /// Of a STARTTLS.
    std::optional<runtime::TlsInfo> tls;
};

/// Speaks to the peer until the script is done or broken, and adds what was learnt to `report`:
/// probe_expect_info, probe_failed_due_to_regex, probe_failed_due_to_bytes, and the TLS set after a
/// STARTTLS. `host` is whose certificate is expected then. Fails in phase "query": `regexp`,
/// `bytes`, `injected`, `answer_too_large`, and those of streams; in "tls" as dial() does.
/// Limits: 64 KiB a line, 1 MiB in all; the stream's deadline. `services`, `options`, `report`
/// and `heard` outlive the call. Throws only when cancelled.
[[nodiscard]] boost::asio::awaitable<Outcome> converse(runtime::Services& services,
                                                       const ConversationOptions& options,
                                                       std::string host,
                                                       std::unique_ptr<runtime::Stream> stream,
                                                       Report& report, Heard& heard);

}  // namespace pilotlight::probes
