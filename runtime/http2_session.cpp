#include "runtime/http2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "core/check.h"

namespace pilotlight::runtime {

struct Http2Session::State {
    std::string body;
    std::size_t body_sent = 0;
    std::uint64_t body_limit = 0;
    nghttp2_session* session = nullptr;
    std::int32_t stream = -1;

    Http2Answer answer;
    /// Of the header block that is being read.
    int block_status = 0;
    std::size_t header_bytes = 0;
    bool done = false;
    std::optional<Failure> failure;

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { ::nghttp2_session_del(session); }

    [[nodiscard]] bool is_final() const { return answer.status >= 200; }

    void fail(std::string reason, std::string detail) {
        done = true;
        if (!failure) {
            failure =
                Failure{is_final() ? "body" : "response", std::move(reason), std::move(detail)};
        }
    }
};

namespace {

using State = Http2Session::State;

constexpr std::size_t kMaxHeader = 64 * 1024;
/// What one field costs beside its texts, as HPACK counts (RFC 7541, 4.1).
constexpr std::size_t kFieldOverhead = 32;
constexpr std::int32_t kWindow = 1 << 20;

/// Fields that speak of a connection of HTTP/1.1 (RFC 9113, 8.2.2).
constexpr std::array<std::string_view, 7> kOfConnection = {
    "connection", "host", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te"};

State& state_of(void* user_data) {
    return *static_cast<State*>(user_data);
}

std::string lower(std::string_view text) {
    std::string small(text);
    for (char& c : small) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return small;
}

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
}

int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    State& state = state_of(user_data);
    if (frame->hd.stream_id == state.stream) state.block_status = 0;
    return 0;
}

int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
              std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
              std::uint8_t, void* user_data) {
    State& state = state_of(user_data);
    if (frame->hd.stream_id != state.stream || state.done) return 0;
    state.header_bytes += name_size + value_size + kFieldOverhead;
    if (state.header_bytes > kMaxHeader) {
        state.fail("header_too_large", "the header is over 64 KiB");
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    const std::string_view key = text_of(name, name_size);
    const std::string_view text = text_of(value, value_size);
    if (key == ":status") {
        std::from_chars(text.data(), text.data() + text.size(), state.block_status);
        if (state.block_status >= 200) state.answer.status = state.block_status;
        return 0;
    }
    // A block without a status comes after the body.
    if (state.block_status == 0) {
        state.answer.trailers.push_back({std::string(key), std::string(text)});
    } else if (state.block_status >= 200) {
        state.answer.headers.push_back({std::string(key), std::string(text)});
    }
    return 0;
}

int on_data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* bytes,
            std::size_t size, void* user_data) {
    State& state = state_of(user_data);
    if (stream != state.stream || state.done) return 0;
    std::string& body = state.answer.body;
    const std::size_t room = static_cast<std::size_t>(state.body_limit) - body.size();
    body.append(text_of(bytes, std::min(room, size)));
    if (size > room) state.done = state.answer.truncated = true;
    return 0;
}

int on_stream_close(nghttp2_session*, std::int32_t stream, std::uint32_t code, void* user_data) {
    State& state = state_of(user_data);
    if (stream != state.stream || state.done) return 0;
    state.done = true;
    // NO_ERROR after a whole answer only says that the rest of the request is not wanted.
    const bool is_good = state.is_final() && code == NGHTTP2_NO_ERROR;
    if (!is_good) {
        state.fail("reset",
                   std::string("the peer reset the stream: ") + ::nghttp2_http2_strerror(code));
    }
    return 0;
}

ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t size,
                  std::uint32_t* flags, nghttp2_data_source*, void* user_data) {
    State& state = state_of(user_data);
    const std::size_t count = std::min(size, state.body.size() - state.body_sent);
    std::copy_n(state.body.data() + state.body_sent, count, into);
    state.body_sent += count;
    if (state.body_sent == state.body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
}

struct CallbacksDeleter {
    void operator()(nghttp2_session_callbacks* callbacks) const {
        ::nghttp2_session_callbacks_del(callbacks);
    }
};

void open_session(State& state) {
    nghttp2_session_callbacks* raw = nullptr;
    PILOT_CHECK(::nghttp2_session_callbacks_new(&raw) == 0);
    const std::unique_ptr<nghttp2_session_callbacks, CallbacksDeleter> callbacks(raw);
    ::nghttp2_session_callbacks_set_on_begin_headers_callback(raw, &on_begin_headers);
    ::nghttp2_session_callbacks_set_on_header_callback(raw, &on_header);
    ::nghttp2_session_callbacks_set_on_data_chunk_recv_callback(raw, &on_data);
    ::nghttp2_session_callbacks_set_on_stream_close_callback(raw, &on_stream_close);
    PILOT_CHECK(::nghttp2_session_client_new(&state.session, raw, &state) == 0);
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                               {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow},
                                               {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kMaxHeader}};
    PILOT_CHECK(::nghttp2_submit_settings(state.session, NGHTTP2_FLAG_NONE, settings,
                                          std::size(settings)) == 0);
    PILOT_CHECK(
        ::nghttp2_session_set_local_window_size(state.session, NGHTTP2_FLAG_NONE, 0, kWindow) == 0);
}

nghttp2_nv field(std::string_view name, std::string_view value) {
    // nghttp2 copies both; its C interface is only not const.
    return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
            reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
            value.size(), NGHTTP2_NV_FLAG_NONE};
}

void submit(State& state, const Http2Request& request) {
    std::vector<HttpHeader> lowered;
    for (const HttpHeader& header : request.headers) {
        std::string name = lower(header.name);
        const bool is_trailers = name == "te" && header.value == "trailers";
        if (!is_trailers && std::ranges::find(kOfConnection, name) != kOfConnection.end()) continue;
        lowered.push_back({std::move(name), header.value});
    }
    std::vector<nghttp2_nv> fields = {
        field(":method", request.method), field(":scheme", request.scheme),
        field(":authority", request.authority), field(":path", request.path)};
    for (const HttpHeader& header : lowered)
        fields.push_back(field(header.name, header.value));
    nghttp2_data_provider provider{};
    provider.read_callback = &read_body;
    state.stream = ::nghttp2_submit_request(state.session, nullptr, fields.data(), fields.size(),
                                            state.body.empty() ? nullptr : &provider, nullptr);
    if (state.stream < 0) state.fail("protocol", ::nghttp2_strerror(state.stream));
}

}  // namespace

Http2Session::Http2Session(Http2Request request, std::uint64_t body_limit)
    : state_(std::make_unique<State>()) {
    state_->body = std::move(request.body);
    state_->body_limit = body_limit;
    open_session(*state_);
    submit(*state_, request);
}

Http2Session::~Http2Session() = default;

std::string Http2Session::take_output() {
    std::string out;
    while (true) {
        const std::uint8_t* bytes = nullptr;
        const ssize_t size = ::nghttp2_session_mem_send(state_->session, &bytes);
        if (size < 0) state_->fail("protocol", ::nghttp2_strerror(static_cast<int>(size)));
        if (size <= 0) break;
        out.append(text_of(bytes, static_cast<std::size_t>(size)));
    }
    // nghttp2 answers what is wrong with a GOAWAY, and wants nothing any more when that is written.
    if (!state_->done && ::nghttp2_session_want_read(state_->session) == 0) {
        state_->fail("protocol", "no valid HTTP/2: the session had to be ended");
    }
    return out;
}

void Http2Session::feed(std::string_view bytes) {
    if (state_->done) return;
    const ssize_t used = ::nghttp2_session_mem_recv(
        state_->session, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    if (used < 0) {
        state_->fail("protocol",
                     std::string("no valid HTTP/2: ") + ::nghttp2_strerror(static_cast<int>(used)));
    }
}

void Http2Session::end() {
    if (state_->done) return;
    if (state_->is_final()) {
        state_->fail("truncated", "the connection ended within the body");
    } else {
        state_->fail("closed", "the peer closed the connection without an answer");
    }
}

bool Http2Session::is_done() const {
    return state_->done;
}

const std::optional<Failure>& Http2Session::failure() const {
    return state_->failure;
}

bool Http2Session::has_answer() const {
    return state_->is_final();
}

Http2Answer Http2Session::take_answer() {
    return std::move(state_->answer);
}

}  // namespace pilotlight::runtime
