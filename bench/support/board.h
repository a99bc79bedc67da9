#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The other end of a benchmark: an HTTP/1.1 server that costs next to nothing, so that what is
/// measured is not itself. One thread, epoll, connections kept open; no chunked bodies.
namespace bench {

/// What the server says. Called on its one thread.
class Board {
  public:
    Board() = default;
    Board(const Board&) = delete;
    Board& operator=(const Board&) = delete;
    virtual ~Board() = default;

    /// A whole answer, as response() makes it.
    virtual std::string answer(std::string_view path, std::string_view body) = 0;
};

[[nodiscard]] std::string response(int status, std::string_view body,
                                   std::string_view type = "application/json");

/// The number that `text` begins with, if it is below the limit.
[[nodiscard]] std::optional<std::size_t> number_at(std::string_view text, std::size_t limit);

/// Listens on 127.0.0.1:`port` and answers by `board` until it is killed; exits with 2 where it
/// cannot listen. Requests of more than `max_request` bytes end their connection.
[[noreturn]] void serve(std::uint16_t port, Board& board, std::size_t max_request);

}  // namespace bench
