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
using Record = std::unique_ptr<ldns_rr, Freed<&ldns_rr_free>>;
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

/// Where a record, or the question, stands in a message.
struct Extent {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::uint16_t type = 0;
};

/// Finds a message's records without reading what is in them.
class RecordWalk {
  public:
    explicit RecordWalk(std::string_view wire) : wire_(wire) {}

    /// Nothing where the bytes end first.
    std::optional<Extent> next_question() { return next(4, false); }
    std::optional<Extent> next_record() { return next(10, true); }

  private:
    std::optional<Extent> next(std::size_t fixed, bool has_data) {
        Extent extent{.begin = at_};
        if (!skip_name() || wire_.size() - at_ < fixed) return std::nullopt;
        extent.type = number_at(wire_, at_);
        const std::size_t data = has_data ? number_at(wire_, at_ + fixed - 2) : 0;
        at_ += fixed;
        if (wire_.size() - at_ < data) return std::nullopt;
        at_ += data;
        extent.end = at_;
        return extent;
    }

    bool skip_name() {
        while (at_ < wire_.size()) {
            const auto length = static_cast<std::uint8_t>(wire_[at_]);
            // A pointer ends a name.
            at_ += length >= 0xc0 ? 2 : std::size_t{1} + length;
            if (length == 0 || length >= 0xc0) return at_ <= wire_.size();
        }
        return false;
    }

    std::string_view wire_;
    std::size_t at_ = kHeader;
};

/// Null where the bytes are no record, or ldns finds its end elsewhere than its length says. Read
/// one by one: of a whole message with two TSIG records ldns forgets the memory.
Record read_record(std::string_view wire, const Extent& extent, ldns_pkt_section section) {
    ldns_rr* raw = nullptr;
    std::size_t at = extent.begin;
    const ldns_status status = ::ldns_wire2rr(
        &raw, reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size(), &at, section);
    Record record(raw);
    if (status != LDNS_STATUS_OK || at != extent.end) record.reset();
    return record;
}

/// What belongs to the message and not to its data.
bool is_meta(std::uint16_t type) {
    constexpr std::uint16_t kOpt = 41;
    constexpr std::uint16_t kTsig = 250;
    return type == kOpt || type == kTsig;
}

/// The next `count` records; nothing where they are not there. The last SOA's serial goes into
/// `serial`.
std::optional<DnsSection> read_section(std::string_view wire, RecordWalk& walk, std::size_t count,
                                       ldns_pkt_section which,
                                       std::optional<std::uint32_t>& serial) {
    constexpr std::size_t kSerialField = 2;
    DnsSection section{count, {}};
    for (std::size_t i = 0; i < count; ++i) {
        const std::optional<Extent> extent = walk.next_record();
        if (!extent) return std::nullopt;
        if (is_meta(extent->type)) continue;
        const Record record = read_record(wire, *extent, which);
        std::optional<std::string> text = record ? text_of(*record) : std::nullopt;
        if (!text) return std::nullopt;
        section.records.push_back(std::move(*text));
        const ldns_rdf* field = ::ldns_rr_rdf(record.get(), kSerialField);
        if (extent->type == LDNS_RR_TYPE_SOA && field != nullptr && ::ldns_rdf_size(field) == 4) {
            serial = ::ldns_rdf2native_int32(field);
        }
    }
    return section;
}

bool is_asked(std::string_view wire, const Extent& extent, const DnsQuestion& question) {
    const Record asked = read_record(wire, extent, LDNS_SECTION_QUESTION);
    const Name name(::ldns_dname_new_frm_str(question.name.c_str()));
    return asked && name && ::ldns_dname_compare(name.get(), ::ldns_rr_owner(asked.get())) == 0 &&
           ::ldns_rr_get_type(asked.get()) == question.type &&
           ::ldns_rr_get_class(asked.get()) == question.klass;
}

/// The one question is `question`; passes over it.
bool answers(std::string_view wire, RecordWalk& walk, const Header& header,
             const DnsQuestion& question) {
    // Servers that could not read a query, or refuse it, may leave the question out.
    if (header.questions == 0) return header.rcode() != 0 && header.answers == 0;
    const std::optional<Extent> extent = walk.next_question();
    return header.questions == 1 && extent && is_asked(wire, *extent, question);
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

std::string dns_type_name(std::uint16_t type) {
    const std::unique_ptr<char, decltype(&std::free)> name(
        ::ldns_rr_type2str(static_cast<ldns_rr_type>(type)), &std::free);
    return name ? name.get() : fmt::format("TYPE{}", type);
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
    RecordWalk walk(wire);
    if (!answers(wire, walk, header, question)) {
        return std::unexpected(DnsFault{"wrong_question", "the answer is to another question"});
    }
    std::optional<std::uint32_t> serial;
    std::optional<std::uint32_t> of_others;
    auto answer = read_section(wire, walk, header.answers, LDNS_SECTION_ANSWER, serial);
    if (!answer) return std::unexpected(malformed(header, "a record of the answer is not whole"));
    auto authority =
        read_section(wire, walk, header.authorities, LDNS_SECTION_AUTHORITY, of_others);
    auto additional =
        authority ? read_section(wire, walk, header.additionals, LDNS_SECTION_ADDITIONAL, of_others)
                  : std::nullopt;
    if (!additional) {
        return std::unexpected(malformed(header, "a record beside the answer is not whole"));
    }
    return DnsAnswer{.rcode = header.rcode(),
                     .truncated = header.is_truncated(),
                     .answer = std::move(*answer),
                     .authority = std::move(*authority),
                     .additional = std::move(*additional),
                     .serial = serial};
}

}  // namespace pilotlight::probes
