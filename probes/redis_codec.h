#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Redis's protocol without any I/O: hiredis as a codec. Source: the RESP 2 specification.
namespace pilotlight::probes {

/// A reply that is no array: what the commands of a probe get.
struct RedisReply {
    enum class Kind { status, error, integer, text, nil };

    Kind kind = Kind::nil;
    /// An integer's digits too.
    std::string text;
};

/// A command as it goes over the wire.
[[nodiscard]] std::string redis_command(std::span<const std::string_view> words);

/// Makes replies of bytes as they come.
class RedisReplyReader {
  public:
    RedisReplyReader();
    RedisReplyReader(const RedisReplyReader&) = delete;
    RedisReplyReader& operator=(const RedisReplyReader&) = delete;
    ~RedisReplyReader();

    /// False when more has been fed than any probe's replies have (4 MiB).
    [[nodiscard]] bool feed(std::string_view bytes);

    /// The next reply, or nothing while it is not whole yet. Fails, for good, when the bytes are
    /// not this protocol, or an array, which no command of ours is answered with.
    [[nodiscard]] std::expected<std::optional<RedisReply>, std::string> next();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace pilotlight::probes
