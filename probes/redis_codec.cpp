#include "probes/redis_codec.h"

#include <hiredis.h>

#include <new>
#include <vector>

namespace pilotlight::probes {
namespace {

using Kind = RedisReply::Kind;

// hiredis asks these for its objects. None may throw through it; null is its "out of memory".
void* make_text(const redisReadTask* task, char* text, std::size_t size) {
    Kind kind = Kind::text;
    if (task->type == REDIS_REPLY_STATUS) kind = Kind::status;
    if (task->type == REDIS_REPLY_ERROR) kind = Kind::error;
    try {
        return new RedisReply{kind, std::string(text, size)};
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

// An array's size is the server's word alone, and memory is taken for it at once.
void* refuse_array(const redisReadTask*, int) {
    return nullptr;
}

void* make_integer(const redisReadTask*, long long value) {
    try {
        return new RedisReply{Kind::integer, std::to_string(value)};
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void* make_nil(const redisReadTask*) {
    return new (std::nothrow) RedisReply{};
}

void free_reply(void* reply) {
    delete static_cast<RedisReply*>(reply);
}

redisReplyObjectFunctions functions = {make_text, refuse_array, make_integer, make_nil, free_reply};

constexpr std::size_t kMostBytes = 4U << 20;

}  // namespace

struct RedisReplyReader::State {
    redisReader* reader = redisReaderCreateWithFunctions(&functions);
    std::size_t fed = 0;

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        if (reader != nullptr) redisReaderFree(reader);
    }
};

RedisReplyReader::RedisReplyReader() : state_(std::make_unique<State>()) {
    if (state_->reader == nullptr) throw std::bad_alloc();
}

RedisReplyReader::~RedisReplyReader() = default;

bool RedisReplyReader::feed(std::string_view bytes) {
    state_->fed += bytes.size();
    return state_->fed <= kMostBytes &&
           redisReaderFeed(state_->reader, bytes.data(), bytes.size()) == REDIS_OK;
}

std::expected<std::optional<RedisReply>, std::string> RedisReplyReader::next() {
    void* object = nullptr;
    if (redisReaderGetReply(state_->reader, &object) != REDIS_OK) {
        return std::unexpected("the answer is not Redis's protocol");
    }
    if (object == nullptr) return std::nullopt;
    const std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(object));
    return std::move(*reply);
}

std::string redis_command(std::span<const std::string_view> words) {
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    for (const std::string_view word : words) {
        texts.push_back(word.data());
        sizes.push_back(word.size());
    }
    char* command = nullptr;
    const int size = redisFormatCommandArgv(&command, static_cast<int>(words.size()), texts.data(),
                                            sizes.data());
    if (size < 0) throw std::bad_alloc();
    const std::unique_ptr<char, decltype(&redisFreeCommand)> owner(command, redisFreeCommand);
    return {command, static_cast<std::size_t>(size)};
}

}  // namespace pilotlight::probes
