#include "runtime/http_exchange.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace pilotlight::runtime {

namespace {

constexpr std::uint32_t kMaxHeader = 64 * 1024;
constexpr std::size_t kFirstBuffer = 16 * 1024;
constexpr std::size_t kMaxBuffer = kMaxHeader + kFirstBuffer;
constexpr int kMaxInformational = 16;

/// A Beast body that keeps at most `limit` bytes and ends the parse when there are more.
struct BoundedBody {
    struct value_type {
        std::string bytes;
        std::uint64_t limit = 0;
        bool truncated = false;
    };

    class reader {
      public:
        template <bool isRequest, class Fields>
        reader(http::header<isRequest, Fields>&, value_type& body) : body_(body) {}

        void init(const boost::optional<std::uint64_t>& length, boost::system::error_code& error) {
            error = {};
            // A hint of the peer's, so not taken at its word.
            constexpr std::uint64_t kTrusted = 1 << 20;
            if (length) {
                body_.bytes.reserve(
                    static_cast<std::size_t>(std::min({*length, body_.limit, kTrusted})));
            }
        }

        template <class Buffers>
        std::size_t put(const Buffers& buffers, boost::system::error_code& error) {
            error = {};
            std::size_t taken = 0;
            for (const asio::const_buffer buffer : boost::beast::buffers_range_ref(buffers)) {
                const auto room = static_cast<std::size_t>(body_.limit) - body_.bytes.size();
                body_.bytes.append(static_cast<const char*>(buffer.data()),
                                   std::min(room, buffer.size()));
                taken += buffer.size();
                if (buffer.size() > room) {
                    body_.truncated = true;
                    error = http::error::body_limit;
                }
            }
            return taken;
        }

        void finish(boost::system::error_code& error) { error = {}; }

      private:
        value_type& body_;
    };
};

using Parser = http::response_parser<BoundedBody>;

/// Bytes that came and are not parsed yet, in one piece as the parser wants a header.
class Buffer {
  public:
    Buffer() : bytes_(std::make_unique_for_overwrite<char[]>(kFirstBuffer)) {}

    [[nodiscard]] asio::const_buffer unread() const {
        return {bytes_.get() + begin_, end_ - begin_};
    }
    [[nodiscard]] bool empty() const { return begin_ == end_; }
    void consume(std::size_t count) {
        begin_ += count;
        if (begin_ == end_) begin_ = end_ = 0;
    }
    void commit(std::size_t count) { end_ += count; }

    /// Room to read into; empty when the limit is reached.
    std::span<char> room() {
        if (end_ == size_ && begin_ > 0) {
            std::copy(bytes_.get() + begin_, bytes_.get() + end_, bytes_.get());
            end_ -= std::exchange(begin_, 0);
        }
        if (end_ == size_ && size_ < kMaxBuffer) grow();
        return {bytes_.get() + end_, size_ - end_};
    }

  private:
    void grow() {
        const std::size_t larger = std::min(2 * size_, kMaxBuffer);
        auto bytes = std::make_unique_for_overwrite<char[]>(larger);
        std::copy(bytes_.get(), bytes_.get() + end_, bytes.get());
        bytes_ = std::move(bytes);
        size_ = larger;
    }

    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = kFirstBuffer;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

void prepare(std::optional<Parser>& parser, bool is_head, std::uint64_t body_limit) {
    parser.emplace();
    parser->eager(true);
    parser->skip(is_head);
    parser->header_limit(kMaxHeader);
    // The limit is BoundedBody's: Beast's would refuse a declared length before reading a byte.
    parser->body_limit(boost::none);
    parser->get().body().limit = body_limit;
}

Failure parse_failure(const boost::system::error_code& error, bool in_body) {
    const std::string phase = in_body ? "body" : "response";
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
        return {"response", "header_too_large", "the header is over 64 KiB"};
    }
    return {phase, "protocol", "no valid HTTP/1.1: " + error.message()};
}

Failure early_end(bool any_byte, bool in_body) {
    if (in_body) return {"body", "truncated", "the connection ended within the body"};
    if (any_byte) return {"response", "truncated", "the connection ended within the header"};
    return {"response", "closed", "the peer closed the connection without an answer"};
}

/// One answer, the informational ones before it passed over.
class Answer {
  public:
    Answer(bool is_head, std::uint64_t body_limit) : is_head_(is_head), body_limit_(body_limit) {
        prepare(parser_, is_head_, body_limit_);
    }

    /// Parses what the buffer holds. False when more must be read.
    bool parse(std::optional<Failure>& failure) {
        while (!buffer.empty()) {
            boost::system::error_code error;
            const std::size_t used = parser_->put(buffer.unread(), error);
            buffer.consume(used);
            if (error == http::error::body_limit && parser_->get().body().truncated) return true;
            if (error == http::error::need_more) return false;
            if (error) {
                failure = parse_failure(error, parser_->is_header_done());
                return true;
            }
            if (parser_->is_done()) {
                if (!is_informational()) return true;
                if (++informational_ > kMaxInformational) {
                    failure = Failure{"response", "protocol", "too many informational answers"};
                    return true;
                }
                prepare(parser_, is_head_, body_limit_);
            }
        }
        return false;
    }

    /// The peer has ended the stream.
    void end(bool any_byte, std::optional<Failure>& failure) {
        boost::system::error_code error;
        if (any_byte) parser_->put_eof(error);
        if (!any_byte || error) failure = early_end(any_byte, parser_->is_header_done());
    }

    void take(HttpExchange& out) {
        if (!parser_->is_header_done()) return;
        const auto& message = parser_->get();
        out.status = static_cast<int>(message.result_int());
        out.status_text = std::string(message.reason());
        out.version = message.version() == 10 ? "1.0" : "1.1";
        for (const auto& field : message) {
            out.headers.push_back({std::string(field.name_string()), std::string(field.value())});
        }
        const auto length = parser_->content_length();
        if (length) out.content_length = static_cast<std::int64_t>(*length);
        out.truncated = message.body().truncated;
        out.body = std::move(parser_->get().body().bytes);
    }

    [[nodiscard]] bool in_body() const { return parser_->is_header_done(); }

    Buffer buffer;

  private:
    [[nodiscard]] bool is_informational() const {
        const unsigned status = parser_->get().result_int();
        return status >= 100 && status < 200 && status != 101;
    }

    std::optional<Parser> parser_;
    bool is_head_;
    std::uint64_t body_limit_;
    int informational_ = 0;
};

asio::awaitable<void> read_answer(Stream& stream, Answer& answer, SteadyTime& first_byte,
                                  std::optional<Failure>& failure) {
    bool any_byte = false;
    while (true) {
        const std::span<char> room = answer.buffer.room();
        if (room.empty()) {
            failure = Failure{"response", "header_too_large", "the header is over 64 KiB"};
            co_return;
        }
        Attempt<std::size_t> got = co_await stream.read_some(room);
        if (!any_byte) first_byte = steady_now();
        if (!got) {
            failure = std::move(got.error()).in_phase(answer.in_body() ? "body" : "response");
            co_return;
        }
        if (*got == 0) {
            answer.end(any_byte, failure);
            co_return;
        }
        any_byte = true;
        answer.buffer.commit(*got);
        if (answer.parse(failure)) co_return;
    }
}

/// A server may answer and hang up before it has read the whole request: what it said counts more
/// than that the rest could not be sent.
bool may_have_answered(const Failure& failure) {
    return failure.reason == "reset" || failure.reason == "closed";
}

}  // namespace

asio::awaitable<HttpExchange> exchange(Stream& stream, std::string request, bool is_head,
                                       std::uint64_t body_limit) {
    HttpExchange out;
    const SteadyTime began = steady_now();
    Attempt<void> written = co_await stream.write(request);
    if (!written && !may_have_answered(written.error())) {
        out.failure = std::move(written.error()).in_phase("request");
        co_return out;
    }
    Answer answer(is_head, body_limit);
    SteadyTime first_byte = began;
    co_await read_answer(stream, answer, first_byte, out.failure);
    out.processing = first_byte - began;
    out.transfer = steady_now() - first_byte;
    answer.take(out);
    if (!written && out.failure && out.status == 0) {
        out.failure = std::move(written.error()).in_phase("request");
    }
    co_return out;
}

}  // namespace pilotlight::runtime
