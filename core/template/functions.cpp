#include "core/template/functions.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

#include "core/template/format_value.h"

namespace pilotlight::tmpl {

namespace {

using Args = std::span<const Value>;
using Kind = Value::Kind;

const Type kByte = {.name = "uint8", .methods = {}};

/// Go's fmt.Sprint of one operand: what is a pointer there says so.
std::string shown(const Value& value) {
    return format_value({}, value);
}

Value as_pointed_to(const Value& value) {
    const bool pointer = value.type() != nullptr && value.type()->name.starts_with('*');
    return pointer ? value.with_type(nullptr) : value;
}

std::string joined(Args args) {
    std::string out;
    for (std::size_t i = 0; i < args.size(); ++i) {
        const bool text = args[i].is(Kind::text) || (i > 0 && args[i - 1].is(Kind::text));
        if (i > 0 && !text) out += ' ';
        out += shown(args[i]);
    }
    return out;
}

std::string joined_line(Args args) {
    std::string out;
    for (std::size_t i = 0; i < args.size(); ++i) {
        if (i > 0) out += ' ';
        out += shown(args[i]);
    }
    return out + '\n';
}

Result<Value> print(Args args) {
    return joined(args);
}

Result<Value> println(Args args) {
    return joined_line(args);
}

Result<Value> printf(Args args) {
    if (!args[0].is(Kind::text)) {
        return fail(
            fmt::format("wrong type for value; expected string; got {}", args[0].type_name()));
    }
    return format(args[0].text(), args.subspan(1));
}

/// There are no functions among values.
Result<Value> call(Args args) {
    if (args[0].is(Kind::nil)) return fail("call of nil");
    return fail(fmt::format("non-function of type {}", args[0].type_name()));
}

Result<Value> length(Args args) {
    const Value& value = args[0];
    switch (value.kind()) {
        case Kind::text:
            return static_cast<std::int64_t>(value.text().size());
        case Kind::list:
            return static_cast<std::int64_t>(value.list().size());
        case Kind::map:
            if (value.fields().record) break;
            return static_cast<std::int64_t>(value.fields().entries.size());
        case Kind::nil:
            return fail("len of nil pointer");
        default:
            break;
    }
    return fail(fmt::format("len of type {}", value.type_name()));
}

Result<std::size_t> position(const Value& index, std::size_t size) {
    if (!index.is(Kind::integer)) {
        return fail(fmt::format("cannot index slice/array with type {}", index.type_name()));
    }
    if (index.integer() < 0 || static_cast<std::uint64_t>(index.integer()) >= size) {
        return fail(fmt::format("index out of range: {}", index.integer()));
    }
    return static_cast<std::size_t>(index.integer());
}

Result<Value> item_of(const Value& value, const Value& index) {
    switch (value.kind()) {
        case Kind::list: {
            const auto at = position(index, value.list().size());
            if (!at) return std::unexpected(at.error());
            return value.list()[*at];
        }
        case Kind::text: {
            const auto at = position(index, value.text().size());
            if (!at) return std::unexpected(at.error());
            const auto byte = static_cast<unsigned char>(value.text()[*at]);
            return Value(std::int64_t{byte}).with_type(&kByte);
        }
        case Kind::map: {
            if (value.fields().record) break;
            if (!index.is(Kind::text)) {
                return fail(fmt::format("value has type {}; should be string", index.type_name()));
            }
            const auto entry = value.fields().entries.find(index.text());
            return entry == value.fields().entries.end() ? value.fields().absent : entry->second;
        }
        case Kind::nil:
            return fail("index of nil pointer");
        default:
            break;
    }
    return fail(fmt::format("can't index item of type {}", value.type_name()));
}

Result<Value> index(Args args) {
    if (args[0].is(Kind::nil)) return fail("index of untyped nil");
    Value value = args[0];
    for (const auto& at : args.subspan(1)) {
        auto item = item_of(value, at);
        if (!item) return item;
        value = std::move(*item);
    }
    return value;
}

Result<Value> slice(Args args) {
    const Value& value = args[0];
    if (!value.is(Kind::text) && !value.is(Kind::list)) {
        return fail(fmt::format("can't slice item of type {}", value.type_name()));
    }
    const bool text = value.is(Kind::text);
    const std::size_t size = text ? value.text().size() : value.list().size();
    std::size_t bounds[2] = {0, size};
    for (std::size_t i = 1; i < args.size() && i <= 2; ++i) {
        const auto bound = position(args[i], size + 1);
        if (!bound) return std::unexpected(bound.error());
        bounds[i - 1] = *bound;
    }
    if (args.size() > 3 && text) return fail("cannot 3-index slice a string");
    if (bounds[0] > bounds[1]) {
        return fail(fmt::format("invalid slice index: {} > {}", bounds[0], bounds[1]));
    }
    if (text) return value.text().substr(bounds[0], bounds[1] - bounds[0]);
    const auto begin = value.list().begin();
    return List(begin + static_cast<std::ptrdiff_t>(bounds[0]),
                begin + static_cast<std::ptrdiff_t>(bounds[1]));
}

Result<Value> logical_not(Args args) {
    return !args[0].is_true();
}

/// Nothing where the two kinds don't compare.
std::optional<bool> same(const Value& left, const Value& right) {
    if (left.kind() != right.kind()) return std::nullopt;
    switch (left.kind()) {
        case Kind::boolean:
            return left.boolean() == right.boolean();
        case Kind::integer:
            return left.integer() == right.integer();
        case Kind::real:
            return left.real() == right.real();
        case Kind::text:
            return left.text() == right.text();
        case Kind::nil:
            return true;
        default:
            return std::nullopt;
    }
}

bool is_container(const Value& value) {
    return value.is(Kind::list) || value.is(Kind::map);
}

Result<bool> equal(const Value& left, const Value& right) {
    for (const Value* value : {&left, &right}) {
        if (is_container(*value)) {
            return fail(
                fmt::format("non-comparable type {}: {}", to_text(*value), value->type_name()));
        }
    }
    if (left.is(Kind::nil) || right.is(Kind::nil)) return left.kind() == right.kind();
    const auto result = same(left, right);
    if (!result) return fail("incompatible types for comparison");
    return *result;
}

Result<Value> eq(Args args) {
    if (args.size() < 2) return fail("missing argument for comparison");
    for (const auto& other : args.subspan(1)) {
        const auto result = equal(args[0], other);
        if (!result) return std::unexpected(result.error());
        if (*result) return true;
    }
    return false;
}

Result<Value> ne(Args args) {
    const auto result = equal(args[0], args[1]);
    if (!result) return std::unexpected(result.error());
    return !*result;
}

Result<bool> less(const Value& left, const Value& right) {
    for (const Value* value : {&left, &right}) {
        if (is_container(*value) || value->is(Kind::boolean) || value->is(Kind::nil)) {
            return fail("invalid type for comparison");
        }
    }
    if (left.kind() != right.kind()) return fail("incompatible types for comparison");
    switch (left.kind()) {
        case Kind::integer:
            return left.integer() < right.integer();
        case Kind::real:
            return left.real() < right.real();
        default:
            return left.text() < right.text();
    }
}

Result<bool> less_or_equal(const Value& left, const Value& right) {
    auto result = less(left, right);
    if (!result || *result) return result;
    return equal(left, right);
}

/// gt is "not le" and ge "not lt", NaN included: Go's package has them so.
template <Result<bool> (*Compare)(const Value&, const Value&), bool Negated>
Result<Value> ordered(Args args) {
    const auto result = Compare(args[0], args[1]);
    if (!result) return std::unexpected(result.error());
    return *result != Negated;
}

template <std::string (*Escape)(std::string_view)>
Result<Value> escaped(Args args) {
    List printable(args.begin(), args.end());
    for (Value& value : printable) {
        // What a pointer points to; so `&` is none of the text.
        value = value.is(Kind::nil) ? Value("<no value>") : as_pointed_to(value);
    }
    return Escape(joined(printable));
}

}  // namespace

const Functions& standard_functions() {
    static const Functions table = {
        {"print", {print, 0, SIZE_MAX}},
        {"println", {println, 0, SIZE_MAX}},
        {"printf", {printf, 1, SIZE_MAX}},
        {"call", {call, 1, SIZE_MAX}},
        {"len", {length, 1, 1}},
        {"index", {index, 1, SIZE_MAX}},
        {"slice", {slice, 1, 4}},
        {"not", {logical_not, 1, 1}},
        {"eq", {eq, 1, SIZE_MAX}},
        {"ne", {ne, 2, 2}},
        {"lt", {ordered<less, false>, 2, 2}},
        {"le", {ordered<less_or_equal, false>, 2, 2}},
        {"gt", {ordered<less_or_equal, true>, 2, 2}},
        {"ge", {ordered<less, true>, 2, 2}},
        {"html", {escaped<escape_html>, 0, SIZE_MAX}},
        {"js", {escaped<escape_js>, 0, SIZE_MAX}},
        {"urlquery", {escaped<escape_query>, 0, SIZE_MAX}},
    };
    return table;
}

}  // namespace pilotlight::tmpl
