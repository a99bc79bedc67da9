#include "core/template/value.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/template/functions.h"

namespace pilotlight::tmpl {

namespace {

const std::string kNoText;
const List kNoItems;
const Fields kNoFields;

/// Values inside of values inside of values: what a hostile or careless caller may nest.
constexpr int kPrintDepthMax = 50;

void append_plain(std::string& out, const Value& value, int depth);

void append_list(std::string& out, const List& items, int depth) {
    out += '[';
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) out += ' ';
        append_plain(out, items[i], depth + 1);
    }
    out += ']';
}

void append_fields(std::string& out, const Fields& fields, int depth) {
    out += fields.record ? "{" : "map[";
    bool first = true;
    for (const auto& [name, field] : fields.entries) {
        if (!first) out += ' ';
        first = false;
        if (!fields.record) out += name + ':';
        append_plain(out, field, depth + 1);
    }
    out += fields.record ? '}' : ']';
}

void append_plain(std::string& out, const Value& value, int depth) {
    if (depth > kPrintDepthMax) {
        out += "...";
        return;
    }
    if (value.type() != nullptr && value.type()->print != nullptr) {
        out += value.type()->print(value);
        return;
    }
    switch (value.kind()) {
        case Value::Kind::nil:
            out += "<nil>";
            break;
        case Value::Kind::boolean:
            out += value.boolean() ? "true" : "false";
            break;
        case Value::Kind::integer:
            out += fmt::to_string(value.integer());
            break;
        case Value::Kind::real:
            out += format_real(value.real(), 'g', -1);
            break;
        case Value::Kind::text:
            out += value.text();
            break;
        case Value::Kind::list:
            append_list(out, value.list(), depth);
            break;
        case Value::Kind::map:
            append_fields(out, value.fields(), depth);
            break;
    }
}

}  // namespace

Value::Value(List items) : data_(std::make_shared<const List>(std::move(items))) {
    for (const Value& item : list())
        holds(item);
}

Value::Value(Fields fields) : data_(std::make_shared<const Fields>(std::move(fields))) {
    for (const auto& [name, field] : this->fields().entries) {
        holds(field);
        weight_ += name.size();
    }
}

void Value::holds(const Value& inner) {
    // Sharing can double it with each level: it stays far below where it would wrap around.
    constexpr std::size_t kWeightMax = std::size_t{1} << 40;
    weight_ = std::min(weight_ + inner.weight_, kWeightMax);
    depth_ = std::max(depth_, inner.depth_ + 1);
}

Value Value::from(const Labels& labels) {
    Fields fields;
    for (const auto& label : labels) {
        fields.entries.emplace(std::string(label.name), Value(label.value));
    }
    fields.absent = Value("");
    return {std::move(fields)};
}

Value Value::record(std::map<std::string, Value> fields) {
    Value made = map(std::move(fields));
    Fields whole = made.fields();
    whole.record = true;
    return {std::move(whole)};
}

Value Value::map(std::map<std::string, Value> entries) {
    Fields fields;
    for (auto& [name, value] : entries)
        fields.entries.emplace(name, std::move(value));
    return {std::move(fields)};
}

Value Value::with_type(const Type* type) const {
    Value typed = *this;
    typed.type_ = type;
    return typed;
}

const std::string& Value::text() const {
    const auto& text = std::get<std::shared_ptr<const std::string>>(data_);
    return text ? *text : kNoText;
}

const List& Value::list() const {
    const auto& list = std::get<std::shared_ptr<const List>>(data_);
    return list ? *list : kNoItems;
}

const Fields& Value::fields() const {
    const auto& fields = std::get<std::shared_ptr<const Fields>>(data_);
    return fields ? *fields : kNoFields;
}

bool Value::is_true() const {
    if (type_ != nullptr && type_->always_true) return true;
    switch (kind()) {
        case Kind::nil:
            return false;
        case Kind::boolean:
            return boolean();
        case Kind::integer:
            return integer() != 0;
        case Kind::real:
            return real() != 0;
        case Kind::text:
            return !text().empty();
        case Kind::list:
            return !list().empty();
        case Kind::map:
            return fields().record || !fields().entries.empty();
    }
    return false;
}

std::string Value::type_name() const {
    if (type_ != nullptr && !type_->name.empty()) return std::string(type_->name);
    switch (kind()) {
        case Kind::nil:
            return "<nil>";
        case Kind::boolean:
            return "bool";
        case Kind::integer:
            return "int";
        case Kind::real:
            return "float64";
        case Kind::text:
            return "string";
        case Kind::list:
            return "[]interface {}";
        case Kind::map:
            return fields().record                  ? "struct"
                   : fields().absent.is(Kind::text) ? "map[string]string"
                                                    : "map[string]interface {}";
    }
    return {};
}

std::string to_text(const Value& value) {
    if (value.is(Value::Kind::nil)) return "<no value>";
    std::string out;
    append_plain(out, value, 0);
    return out;
}

}  // namespace pilotlight::tmpl
