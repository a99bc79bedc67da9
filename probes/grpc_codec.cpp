#include "probes/grpc_codec.h"

#include <array>

namespace pilotlight::probes {

namespace {

constexpr std::size_t kFrameHeader = 5;

void put_varint(std::string& out, std::uint64_t value) {
    while (value >= 0x80) {
        out += static_cast<char>((value & 0x7f) | 0x80);
        value >>= 7;
    }
    out += static_cast<char>(value);
}

/// Takes a number from the front; nothing where there is none of at most 64 bits.
std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
        const auto byte = static_cast<std::uint8_t>(bytes.front());
        bytes.remove_prefix(1);
        value |= std::uint64_t{byte & 0x7fU} << shift;
        if ((byte & 0x80) == 0) return value;
    }
    return std::nullopt;
}

/// Takes the field behind its tag away; false where the bytes end first or the type is unknown.
bool skip_field(std::string_view& bytes, std::uint64_t wire_type) {
    std::uint64_t size = 0;
    switch (wire_type) {
        case 0:
            return take_varint(bytes).has_value();
        case 1:
            size = 8;
            break;
        case 2: {
            const std::optional<std::uint64_t> length = take_varint(bytes);
            if (!length) return false;
            size = *length;
            break;
        }
        case 5:
            size = 4;
            break;
        default:
            return false;
    }
    if (size > bytes.size()) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
    return true;
}

ServingStatus status_of(std::uint64_t number) {
    return number <= 3 ? static_cast<ServingStatus>(number) : ServingStatus::unknown;
}

}  // namespace

std::string_view to_string(ServingStatus status) {
    static constexpr std::array<std::string_view, 4> kNames = {"UNKNOWN", "SERVING", "NOT_SERVING",
                                                               "SERVICE_UNKNOWN"};
    return kNames[static_cast<std::size_t>(status)];
}

std::string make_health_request(std::string_view service) {
    std::string message;
    if (!service.empty()) {
        // Field 1, of a length.
        message += '\x0a';
        put_varint(message, service.size());
        message += service;
    }
    std::string framed(1, '\0');
    for (const int shift : {24, 16, 8, 0})
        framed += static_cast<char>(message.size() >> shift);
    return framed + message;
}

std::expected<ServingStatus, std::string> read_health_answer(std::string_view framed) {
    if (framed.size() < kFrameHeader) return std::unexpected("the answer has no message");
    if (framed[0] != 0) return std::unexpected("the answer is compressed, which was not asked for");
    std::size_t size = 0;
    for (std::size_t i = 1; i < kFrameHeader; ++i)
        size = size << 8 | static_cast<std::uint8_t>(framed[i]);
    std::string_view message = framed.substr(kFrameHeader);
    if (size != message.size()) return std::unexpected("the answer is not one whole message");
    ServingStatus status = ServingStatus::unknown;
    while (!message.empty()) {
        const std::optional<std::uint64_t> tag = take_varint(message);
        if (tag && *tag == 8) {
            const std::optional<std::uint64_t> value = take_varint(message);
            if (!value) return std::unexpected("the message breaks off");
            status = status_of(*value);
        } else if (!tag || !skip_field(message, *tag & 7)) {
            return std::unexpected("the message is no protobuf");
        }
    }
    return status;
}

std::string grpc_code_name(int code) {
    static constexpr std::array<std::string_view, 17> kNames = {"OK",
                                                                "CANCELLED",
                                                                "UNKNOWN",
                                                                "INVALID_ARGUMENT",
                                                                "DEADLINE_EXCEEDED",
                                                                "NOT_FOUND",
                                                                "ALREADY_EXISTS",
                                                                "PERMISSION_DENIED",
                                                                "RESOURCE_EXHAUSTED",
                                                                "FAILED_PRECONDITION",
                                                                "ABORTED",
                                                                "OUT_OF_RANGE",
                                                                "UNIMPLEMENTED",
                                                                "INTERNAL",
                                                                "UNAVAILABLE",
                                                                "DATA_LOSS",
                                                                "UNAUTHENTICATED"};
    if (code >= 0 && static_cast<std::size_t>(code) < kNames.size()) {
        return std::string(kNames[static_cast<std::size_t>(code)]);
    }
    return std::to_string(code);
}

int grpc_code_of_http(int status) {
    switch (status) {
        case 400:
            return 13;
        case 401:
            return 16;
        case 403:
            return 7;
        case 404:
            return 12;
        case 429:
        case 502:
        case 503:
        case 504:
            return 14;
        default:
            return 2;
    }
}

}  // namespace pilotlight::probes
