#include <ares.h>
#include <netdb.h>

#include "core/check.h"
#include "runtime/resolver_channel.h"

namespace pilotlight::runtime {

namespace {

std::string without_dot(std::string_view host) {
    if (host.ends_with('.')) host.remove_suffix(1);
    return std::string(host);
}

std::optional<std::vector<NameRecord>> parse_srv(const unsigned char* message, int length) {
    ares_srv_reply* first = nullptr;
    const int status = ::ares_parse_srv_reply(message, length, &first);
    if (status == ARES_ENODATA) return std::vector<NameRecord>{};
    if (status != ARES_SUCCESS) return std::nullopt;
    std::vector<NameRecord> records;
    for (const ares_srv_reply* each = first; each != nullptr; each = each->next)
        records.push_back({without_dot(each->host), each->port});
    ::ares_free_data(first);
    // A host of "." says that there is no such service (RFC 2782).
    std::erase_if(records, [](const NameRecord& record) { return record.host.empty(); });
    return records;
}

std::optional<std::vector<NameRecord>> parse_mx(const unsigned char* message, int length) {
    ares_mx_reply* first = nullptr;
    const int status = ::ares_parse_mx_reply(message, length, &first);
    if (status == ARES_ENODATA) return std::vector<NameRecord>{};
    if (status != ARES_SUCCESS) return std::nullopt;
    std::vector<NameRecord> records;
    for (const ares_mx_reply* each = first; each != nullptr; each = each->next)
        records.push_back({without_dot(each->host), 0});
    ::ares_free_data(first);
    std::erase_if(records, [](const NameRecord& record) { return record.host.empty(); });
    return records;
}

std::optional<std::vector<NameRecord>> parse_ns(const unsigned char* message, int length) {
    hostent* host = nullptr;
    const int status = ::ares_parse_ns_reply(message, length, &host);
    if (status == ARES_ENODATA) return std::vector<NameRecord>{};
    if (status != ARES_SUCCESS) return std::nullopt;
    std::vector<NameRecord> records;
    for (char** each = host->h_aliases; each != nullptr && *each != nullptr; ++each)
        records.push_back({without_dot(*each), 0});
    ::ares_free_hostent(host);
    return records;
}

}  // namespace

std::optional<std::vector<NameRecord>> parse_records(std::span<const unsigned char> message,
                                                     RecordType type) {
    const auto length = static_cast<int>(message.size());
    switch (type) {
        case RecordType::srv:
            return parse_srv(message.data(), length);
        case RecordType::mx:
            return parse_mx(message.data(), length);
        case RecordType::ns:
            return parse_ns(message.data(), length);
    }
    PILOT_CHECK(false);
}

}  // namespace pilotlight::runtime
