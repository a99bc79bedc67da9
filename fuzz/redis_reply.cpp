// What a server on Redis's port says: replies come out alike however the bytes are cut, and INFO.
#include <vector>

#include "core/check.h"
#include "probes/redis_codec.h"
#include "probes/redis_info.h"

namespace pilotlight::fuzz {

namespace {

struct Dialogue {
    std::vector<probes::RedisReply> replies;
    bool failed = false;
};

Dialogue read(std::string_view bytes, std::size_t piece) {
    Dialogue dialogue;
    probes::RedisReplyReader reader;
    while (!bytes.empty()) {
        PILOT_CHECK(reader.feed(bytes.substr(0, piece)));
        bytes.remove_prefix(std::min(piece, bytes.size()));
        while (true) {
            auto reply = reader.next();
            dialogue.failed = !reply;
            if (!reply) return dialogue;
            if (!*reply) break;
            dialogue.replies.push_back(std::move(**reply));
        }
    }
    return dialogue;
}

}  // namespace

void redis_reply(std::string_view input) {
    const Dialogue whole = read(input, input.size());
    const Dialogue pieces = read(input, 3);
    PILOT_CHECK(whole.failed == pieces.failed);
    PILOT_CHECK(whole.replies.size() == pieces.replies.size());
    for (std::size_t i = 0; i < whole.replies.size(); ++i) {
        PILOT_CHECK(whole.replies[i].text == pieces.replies[i].text);
        PILOT_CHECK(whole.replies[i].kind == pieces.replies[i].kind);
        static_cast<void>(probes::read_redis_info(whole.replies[i].text));
    }
    static_cast<void>(probes::read_redis_info(input));
}

}  // namespace pilotlight::fuzz
