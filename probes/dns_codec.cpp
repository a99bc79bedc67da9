#include "probes/dns_codec.h"

#include <fmt/format.h>
#include <ldns/ldns.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <utility>

namespace pilotlight::probes {

namespace {

template <auto Free>
struct Freed {
    void operator()(auto* pointer) const { Free(pointer); }
};
using Packet = std::unique_ptr<ldns_pkt, Freed<&ldns_pkt_free>>;
using Name = std::unique_ptr<ldns_rdf, Freed<&ldns_rdf_deep_free>>;
using Buffer = std::unique_ptr<ldns_buffer, Freed<&ldns_buffer_free>>;
using Bytes = std::unique_ptr<std::uint8_t, Freed<&std::free>>;

constexpr std::size_t kHeader = 12;
constexpr std::size_t kMaxMessage = 65'535;

struct NamedNumber {
    std::string_view name;
    int number;
};

// The registry of RFC 6895 under the names that configurations of blackbox_exporter use.
constexpr NamedNumber kRcodes[] = {
    {"NOERROR", 0},  {"FORMERR", 1},  {"SERVFAIL", 2}, {"NXDOMAIN", 3},  {"NOTIMP", 4},
    {"REFUSED", 5},  {"YXDOMAIN", 6}, {"YXRRSET", 7},  {"NXRRSET", 8},   {"NOTAUTH", 9},
    {"NOTZONE", 10}, {"BADSIG", 16},  {"BADVERS", 16}, {"BADKEY", 17},   {"BADTIME", 18},
    {"BADMODE", 19}, {"BADNAME", 20}, {"BADALG", 21},  {"BADTRUNC", 22}, {"BADCOOKIE", 23},
};

constexpr NamedNumber kClasses[] = {{"IN", 1}, {"CS", 2},     {"CH", 3},   {"CHAOS", 3},
                                    {"HS", 4}, {"NONE", 254}, {"ANY", 255}};

std::optional<int> find_number(std::span<const NamedNumber> rows, std::string_view name) {
    const auto found = std::ranges::find(rows, name, &NamedNumber::name);
    if (found == rows.end()) return std::nullopt;
    return found->number;
}

std::uint16_t number_at(std::string_view wire, std::size_t at) {
    return static_cast<std::uint16_t>(static_cast<std::uint8_t>(wire[at]) << 8 |
                                      static_cast<std::uint8_t>(wire[at + 1]));
}

/// The 12 bytes that every message begins with (RFC 1035, 4.1.1).
struct Header {
    explicit Header(std::string_view wire)
        : id(number_at(wire, 0)),
          flags(number_at(wire, 2)),
          questions(number_at(wire, 4)),
          answers(number_at(wire, 6)),
          authorities(number_at(wire, 8)),
          additionals(number_at(wire, 10)) {}

    [[nodiscard]] bool is_answer() const { return (flags & 0x8000) != 0; }
    [[nodiscard]] bool is_truncated() const { return (flags & 0x0200) != 0; }
    [[nodiscard]] int rcode() const { return flags & 0x000f; }

    std::uint16_t id;
    std::uint16_t flags;
    std::uint16_t questions;
    std::uint16_t answers;
    std::uint16_t authorities;
    std::uint16_t additionals;
};

/// The record as a line, without the comments that ldns can add.
std::optional<std::string> text_of(const ldns_rr& record) {
    const Buffer buffer(::ldns_buffer_new(512));
    if (!buffer) return std::nullopt;
    if (::ldns_rr2buffer_str_fmt(buffer.get(), ldns_output_format_nocomments, &record) !=
        LDNS_STATUS_OK) {
        return std::nullopt;
    }
    std::string text(reinterpret_cast<const char*>(::ldns_buffer_begin(buffer.get())),
                     ::ldns_buffer_position(buffer.get()));
    while (text.ends_with('\n') || text.ends_with(' ') || text.ends_with('\0'))
        text.pop_back();
    return text;
}

std::optional<DnsSection> read_section(const ldns_rr_list* list, std::size_t count) {
    DnsSection section{count, {}};
    for (std::size_t i = 0; i < ::ldns_rr_list_rr_count(list); ++i) {
        std::optional<std::string> text = text_of(*::ldns_rr_list_rr(list, i));
        if (!text) return std::nullopt;
        section.records.push_back(std::move(*text));
    }
    return section;
}

std::optional<std::uint32_t> serial_of(const ldns_rr_list* answers) {
    constexpr std::size_t kSerialField = 2;
    std::optional<std::uint32_t> serial;
    for (std::size_t i = 0; i < ::ldns_rr_list_rr_count(answers); ++i) {
        const ldns_rr* record = ::ldns_rr_list_rr(answers, i);
        if (::ldns_rr_get_type(record) != LDNS_RR_TYPE_SOA) continue;
        const ldns_rdf* field = ::ldns_rr_rdf(record, kSerialField);
        if (field != nullptr && ::ldns_rdf_size(field) == 4) {
            serial = ::ldns_rdf2native_int32(field);
        }
    }
    return serial;
}

bool is_asked(const ldns_pkt& packet, const DnsQuestion& question) {
    const ldns_rr_list* list = ::ldns_pkt_question(&packet);
    if (::ldns_rr_list_rr_count(list) != 1) return false;
    const ldns_rr* asked = ::ldns_rr_list_rr(list, 0);
    const Name name(::ldns_dname_new_frm_str(question.name.c_str()));
    return name && ::ldns_dname_compare(name.get(), ::ldns_rr_owner(asked)) == 0 &&
           ::ldns_rr_get_type(asked) == question.type &&
           ::ldns_rr_get_class(asked) == question.klass;
}

/// Goes through a message's records without reading them.
class RecordWalk {
  public:
    explicit RecordWalk(std::string_view wire) : wire_(wire) {}

    /// Passes over a name; false where the bytes end first.
    bool skip_name() {
        while (at_ < wire_.size()) {
            const auto length = static_cast<std::uint8_t>(wire_[at_]);
            // A pointer ends a name.
            at_ += length >= 0xc0 ? 2 : std::size_t{1} + length;
            if (length == 0 || length >= 0xc0) return at_ <= wire_.size();
        }
        return false;
    }
    bool skip_question() { return skip_name() && skip(4); }
    /// The type of the record that is passed over.
    std::optional<std::uint16_t> skip_record() {
        constexpr std::size_t kFixed = 10;
        if (!skip_name() || wire_.size() - at_ < kFixed) return std::nullopt;
        const std::uint16_t type = number_at(wire_, at_);
        const std::uint16_t length = number_at(wire_, at_ + kFixed - 2);
        at_ += kFixed;
        if (!skip(length)) return std::nullopt;
        return type;
    }

  private:
    bool skip(std::size_t count) {
        if (wire_.size() - at_ < count) return false;
        at_ += count;
        return true;
    }

    std::string_view wire_;
    std::size_t at_ = kHeader;
};

/// A message has one OPT and one TSIG record at most (RFC 6891, 6.1.1; RFC 8945, 5.1). ldns forgets
/// the memory of each further one.
bool repeats_meta_records(std::string_view wire, const Header& header) {
    constexpr std::uint16_t kOpt = 41;
    constexpr std::uint16_t kTsig = 250;
    RecordWalk walk(wire);
    for (int i = 0; i < header.questions; ++i) {
        if (!walk.skip_question()) return false;
    }
    const int records = header.answers + header.authorities + header.additionals;
    int opts = 0;
    int tsigs = 0;
    for (int i = 0; i < records; ++i) {
        const std::optional<std::uint16_t> type = walk.skip_record();
        // ldns has forgotten what came before the fault by then.
        if (!type) break;
        if (*type == kOpt) ++opts;
        if (*type == kTsig) ++tsigs;
    }
    return opts > 1 || tsigs > 1;
}

DnsFault malformed(const Header& header, std::string detail) {
    if (header.is_truncated()) {
        return {"truncated", "the answer was cut in the middle of a record, and says so"};
    }
    return {"malformed", std::move(detail)};
}

}  // namespace

std::optional<std::uint16_t> dns_type(const std::string& name) {
    const ldns_rr_type type = ::ldns_get_rr_type_by_name(name.c_str());
    if (type == 0) return std::nullopt;
    return static_cast<std::uint16_t>(type);
}

std::optional<std::uint16_t> dns_class(std::string_view name) {
    const std::optional<int> number = find_number(kClasses, name);
    if (!number) return std::nullopt;
    return static_cast<std::uint16_t>(*number);
}

std::optional<int> dns_rcode(std::string_view name) {
    return find_number(kRcodes, name);
}

std::string dns_rcode_name(int rcode) {
    const auto* const found = std::ranges::find(kRcodes, rcode, &NamedNumber::number);
    if (found == std::end(kRcodes)) return fmt::format("RCODE{}", rcode);
    return std::string(found->name);
}

Result<std::string> make_dns_query(const DnsQuestion& question, std::uint16_t id) {
    Name name(::ldns_dname_new_frm_str(question.name.c_str()));
    if (!name) return fail(fmt::format("'{}' is no domain name", question.name));
    // The packet owns the name from here on.
    const Packet packet(
        ::ldns_pkt_query_new(name.release(), static_cast<ldns_rr_type>(question.type),
                             static_cast<ldns_rr_class>(question.klass),
                             static_cast<std::uint16_t>(question.recursion_desired ? LDNS_RD : 0)));
    if (!packet) return fail("no query can be made of the question");
    ::ldns_pkt_set_id(packet.get(), id);
    std::uint8_t* wire = nullptr;
    std::size_t size = 0;
    const ldns_status status = ::ldns_pkt2wire(&wire, packet.get(), &size);
    const Bytes bytes(wire);
    if (status != LDNS_STATUS_OK) return fail(::ldns_get_errorstr_by_id(status));
    return std::string(reinterpret_cast<const char*>(bytes.get()), size);
}

std::expected<DnsAnswer, DnsFault> read_dns_answer(std::string_view wire,
                                                   const DnsQuestion& question, std::uint16_t id) {
    if (wire.size() < kHeader || wire.size() > kMaxMessage) {
        return std::unexpected(
            DnsFault{"malformed", fmt::format("{} bytes are no DNS message", wire.size())});
    }
    const Header header(wire);
    if (header.id != id) {
        return std::unexpected(DnsFault{"wrong_id", "the answer is to another query"});
    }
    if (!header.is_answer()) {
        return std::unexpected(DnsFault{"not_an_answer", "what came is a query itself"});
    }
    if (repeats_meta_records(wire, header)) {
        return std::unexpected(DnsFault{"malformed", "two OPT or two TSIG records"});
    }
    ldns_pkt* parsed = nullptr;
    const ldns_status status =
        ::ldns_wire2pkt(&parsed, reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size());
    const Packet packet(parsed);
    if (status != LDNS_STATUS_OK) {
        return std::unexpected(malformed(header, ::ldns_get_errorstr_by_id(status)));
    }
    // Servers that could not read a query, or refuse it, may leave the question out.
    const bool may_be_bare = header.rcode() != 0 && header.questions == 0 && header.answers == 0;
    if (!may_be_bare && !is_asked(*packet, question)) {
        return std::unexpected(DnsFault{"wrong_question", "the answer is to another question"});
    }
    auto answer = read_section(::ldns_pkt_answer(packet.get()), header.answers);
    auto authority = read_section(::ldns_pkt_authority(packet.get()), header.authorities);
    auto additional = read_section(::ldns_pkt_additional(packet.get()), header.additionals);
    if (!answer || !authority || !additional) {
        return std::unexpected(malformed(header, "a record has no text form"));
    }
    return DnsAnswer{.rcode = header.rcode(),
                     .truncated = header.is_truncated(),
                     .answer = std::move(*answer),
                     .authority = std::move(*authority),
                     .additional = std::move(*additional),
                     .serial = serial_of(::ldns_pkt_answer(packet.get()))};
}

}  // namespace pilotlight::probes
