#include <nlohmann/json.hpp>

#include "alerting/message_template.h"
#include "core/template/text_functions.h"
#include "core/template/time.h"
#include "runtime/time_zone.h"

namespace pilotlight::alerting {
namespace {

using nlohmann::json;
using tmpl::List;
using tmpl::Value;
using Args = std::span<const Value>;

Result<std::int64_t> time_argument(const Value& value) {
    if (value.type() == nullptr || value.type()->name != "time.Time" ||
        !value.is(Value::Kind::integer)) {
        return fail(
            fmt::format("wrong type for value; expected time.Time; got {}", value.type_name()));
    }
    return value.integer();
}

/// The same clock face in another zone, as a time of UTC: what Format then shows is right but for
/// the zone's name.
Result<Value> in_zone(Args args) {
    const auto name = tmpl::text_argument(args[0]);
    if (!name) return std::unexpected(name.error());
    const auto time = time_argument(args[1]);
    if (!time) return std::unexpected(time.error());
    const auto zone = runtime::TimeZone::load(*name);
    if (!zone) return std::unexpected(zone.error());
    const WallTime at{std::chrono::floor<Duration>(std::chrono::nanoseconds(*time))};
    const std::chrono::nanoseconds offset = (*zone)->offset_at(at);
    return tmpl::time_value_ns(*time + offset.count());
}

Result<Value> format_date(Args args) {
    const auto layout = tmpl::text_argument(args[0]);
    if (!layout) return std::unexpected(layout.error());
    const auto time = time_argument(args[1]);
    if (!time) return std::unexpected(time.error());
    return Value(tmpl::format_time_layout(*time, *layout));
}

json to_plain_json(const Value& value) {
    switch (value.kind()) {
        case Value::Kind::nil:
            return nullptr;
        case Value::Kind::boolean:
            return value.boolean();
        case Value::Kind::integer:
            if (value.type() != nullptr) return tmpl::to_text(value);
            return value.integer();
        case Value::Kind::real:
            return value.real();
        case Value::Kind::text:
            return value.text();
        case Value::Kind::list: {
            json items = json::array();
            for (const Value& item : value.list())
                items.push_back(to_plain_json(item));
            return items;
        }
        case Value::Kind::map: {
            json entries = json::object();
            for (const auto& [name, entry] : value.fields().entries) {
                entries[name] = to_plain_json(entry);
            }
            return entries;
        }
    }
    return nullptr;
}

Result<Value> to_json_text(Args args) {
    return Value(to_plain_json(args[0]).dump(-1, ' ', false, json::error_handler_t::replace));
}

Result<Value> append_items(Args args) {
    if (!args[0].is(Value::Kind::list)) return fail("append wants a list first");
    List items = args[0].list();
    items.insert(items.end(), args.begin() + 1, args.end());
    return Value(std::move(items));
}

Result<Value> make_dict(Args args) {
    if (args.size() % 2 != 0) return fail("dict wants an even number of arguments");
    std::map<std::string, Value> entries;
    for (std::size_t at = 0; at < args.size(); at += 2) {
        const auto name = tmpl::text_argument(args[at]);
        if (!name) return std::unexpected(name.error());
        entries[*name] = args[at + 1];
    }
    return Value::map(std::move(entries));
}

Result<Value> url_unescape(Args args) {
    const auto escaped = tmpl::text_argument(args[0]);
    if (!escaped) return std::unexpected(escaped.error());
    std::string text;
    for (std::size_t at = 0; at < escaped->size(); ++at) {
        const char c = (*escaped)[at];
        if (c != '%') {
            text += c == '+' ? ' ' : c;
            continue;
        }
        unsigned byte = 0;
        const char* begin = escaped->data() + at + 1;
        if (at + 2 >= escaped->size() ||
            std::from_chars(begin, begin + 2, byte, 16).ptr != begin + 2) {
            return fail("invalid URL escape");
        }
        text += static_cast<char>(byte);
        at += 2;
    }
    return Value(std::move(text));
}

}  // namespace

tmpl::Functions message_functions(WallTime now) {
    tmpl::Functions functions = tmpl::text_functions();
    functions["date"] = {format_date, 2, 2};
    functions["tz"] = {in_zone, 2, 2};
    functions["toJson"] = {to_json_text, 1, 1};
    functions["list"] = {[](Args args) { return Result<Value>(List(args.begin(), args.end())); }, 0,
                         SIZE_MAX};
    functions["append"] = {append_items, 1, SIZE_MAX};
    functions["dict"] = {make_dict, 0, SIZE_MAX};
    functions["urlUnescape"] = {url_unescape, 1, 1};
    functions["now"] = {[now](Args) { return Result<Value>(tmpl::time_value(now)); }, 0, 0};
    functions["since"] = {[now](Args args) -> Result<Value> {
                              const auto time = time_argument(args[0]);
                              if (!time) return std::unexpected(time.error());
                              const std::chrono::nanoseconds at = now.time_since_epoch();
                              return tmpl::duration_value(at.count() - *time);
                          },
                          1, 1};
    return functions;
}

}  // namespace pilotlight::alerting
