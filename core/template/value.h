#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/error.h"
#include "core/labels.h"

/// Go's text/template over values of our own: what rule files and Alertmanager's configuration
/// write in their texts. Pure: no clock, no I/O.
namespace pilotlight::tmpl {

class Value;

using List = std::vector<Value>;

/// Called as `value.Name args...`. Fails with what went wrong; the text then says so.
using Method = Result<Value> (*)(const Value& self, std::span<const Value> args);

/// What a value can do besides being one: a Go type with methods.
struct Type {
    /// As Go names it, for messages and %T: "time.Duration".
    std::string_view name;
    std::map<std::string_view, Method> methods;
    /// How it prints (Go's String method); null prints the plain value.
    std::string (*print)(const Value& self) = nullptr;
    /// Whether its values are true whatever they hold, as Go's structs and pointers are.
    bool always_true = false;
};

/// A map with text keys, or a struct. Asking a map for an absent key gives `absent`; asking a
/// struct for an absent field is an error.
struct Fields;

/// A dynamic value. Cheap to copy: texts, lists and maps are shared and immutable.
class Value {
  public:
    enum class Kind { nil, boolean, integer, real, text, list, map };

    Value() = default;
    Value(std::nullptr_t) {}
    Value(bool value) : data_(value) {}
    Value(int value) : data_(std::int64_t{value}) {}
    Value(std::int64_t value) : data_(value) {}
    Value(double value) : data_(value) {}
    Value(std::string text)
        : data_(std::make_shared<const std::string>(std::move(text))),
          weight_(this->text().size() + 1) {}
    Value(std::string_view text) : Value(std::string(text)) {}
    Value(const char* text) : Value(std::string(text)) {}
    Value(List items);
    Value(Fields fields);

    /// A map[string]string: an absent key is "".
    [[nodiscard]] static Value from(const Labels& labels);
    /// A struct: an absent field is an error.
    [[nodiscard]] static Value record(std::map<std::string, Value> fields);
    /// A map[string]interface{}: an absent key is nil.
    [[nodiscard]] static Value map(std::map<std::string, Value> entries);

    /// The same value with methods. `type` must live as long as the program.
    [[nodiscard]] Value with_type(const Type* type) const;
    [[nodiscard]] const Type* type() const { return type_; }

    [[nodiscard]] Kind kind() const { return static_cast<Kind>(data_.index()); }
    [[nodiscard]] bool is(Kind kind) const { return this->kind() == kind; }
    /// The value itself; each is only for its own kind.
    [[nodiscard]] bool boolean() const { return std::get<bool>(data_); }
    [[nodiscard]] std::int64_t integer() const { return std::get<std::int64_t>(data_); }
    [[nodiscard]] double real() const { return std::get<double>(data_); }
    [[nodiscard]] const std::string& text() const;
    [[nodiscard]] const List& list() const;
    [[nodiscard]] const Fields& fields() const;

    /// Go's truth: false for nil, false, 0, "" and what is empty; a struct is true.
    [[nodiscard]] bool is_true() const;
    /// "string", "float64", "int", "[]interface {}", ...: for messages and %T.
    [[nodiscard]] std::string type_name() const;

    /// What printing costs: bytes of text and values within, a shared one counted at each use.
    [[nodiscard]] std::size_t weight() const { return weight_; }
    /// How many lists and maps lie inside of one another.
    [[nodiscard]] std::size_t depth() const { return depth_; }

  private:
    void holds(const Value& inner);

    using Data =
        std::variant<std::monostate, bool, std::int64_t, double, std::shared_ptr<const std::string>,
                     std::shared_ptr<const List>, std::shared_ptr<const Fields>>;
    Data data_;
    const Type* type_ = nullptr;
    std::size_t weight_ = 1;
    std::size_t depth_ = 0;
};

struct Fields {
    std::map<std::string, Value, std::less<>> entries;
    /// What an absent key of a map is.
    Value absent;
    /// Whether this is a struct, whose fields are fixed.
    bool record = false;
};

/// As `{{ . }}` writes it (Go's %v); nil is "<no value>".
[[nodiscard]] std::string to_text(const Value& value);

}  // namespace pilotlight::tmpl
