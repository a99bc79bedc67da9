#include "exporters/gzip.h"
#include "exporters/handlers.h"
#include "exporters/text_format.h"
#include "exporters/text_writer.h"

namespace pilotlight::exporters {
namespace {

std::string key_of(TextFormat format) {
    std::string key = "metrics ";
    key += content_type(format);
    return key;
}

SharedBody plain_body(const Call& call, TextFormat format) {
    return call.site.rendered->get(key_of(format), call.snapshot, call.now, [&] {
        static const Snapshot kNothingYet;
        const SharedBatch own = call.site.own_metrics ? call.site.own_metrics() : nullptr;
        const Snapshot& snapshot = call.snapshot == nullptr ? kNothingYet : *call.snapshot;
        return write_metrics(snapshot, own.get(), call.site.family, format);
    });
}

}  // namespace

Response show_metrics(const Call& call) {
    const TextFormat format = negotiate_text_format(call.request.header("Accept"));
    Response response;
    response.content_type = content_type(format);
    response.headers.emplace_back("Vary", "Accept, Accept-Encoding");
    response.body = plain_body(call, format);
    if (!accepts_gzip(call.request.header("Accept-Encoding"))) return response;
    const SharedBody compressed = call.site.rendered->get(
        key_of(format) + " gzip", call.snapshot, call.now,
        [&] { return make_body(gzip(response.body->pieces()).value_or("")); });
    if (compressed->size() == 0) return response;
    response.body = compressed;
    response.headers.emplace_back("Content-Encoding", "gzip");
    return response;
}

}  // namespace pilotlight::exporters
