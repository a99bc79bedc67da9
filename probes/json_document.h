#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "probes/json_path.h"
#include "probes/redaction.h"

namespace pilotlight::probes {

/// A JSON text that was read, to be asked by paths. Immutable.
class JsonDocument {
  public:
    /// Beyond these, reading fails, and so does a look-up.
    static constexpr std::size_t kNestingMax = 128;
    static constexpr std::size_t kVisitsMax = 200'000;

    /// A value of the document; valid as long as that.
    class Value {
      public:
        enum class Kind { null, boolean, number, text, array, object };
        [[nodiscard]] Kind kind() const;
        /// "a number", "a text", ...
        [[nodiscard]] std::string_view kind_name() const;
        /// Of a number.
        [[nodiscard]] double number() const;
        /// Of a text: its own, else the value as JSON writes it.
        [[nodiscard]] std::string text() const;
        /// The beginning of the value as JSON writes it, for a message: no control characters, and
        /// cut.
        /// `hide` takes the secrets out of a text first, where there are some.
        [[nodiscard]] std::string shown(const HideSecrets& hide = {}) const;
        /// Numbers by value; nothing but a scalar equals a literal.
        [[nodiscard]] bool equals(const JsonLiteral& literal) const;
        /// Whether an array has an element that equals it, an object a key, a text a part.
        [[nodiscard]] bool contains(const JsonLiteral& literal) const;

      private:
        friend class JsonDocument;
        explicit Value(const void* json) : json_(json) {}
        const void* json_;
    };

    /// Fails where the text is no JSON, or is nested too deeply.
    [[nodiscard]] static Result<JsonDocument> parse(std::string_view text);
    JsonDocument(JsonDocument&&) noexcept;
    JsonDocument& operator=(JsonDocument&&) noexcept;
    ~JsonDocument();

    /// What the path selects, in RFC 9535's order; fails after kVisitsMax values were looked at.
    [[nodiscard]] Result<std::vector<Value>> select(const JsonPath& path) const;

  private:
    struct Root;
    explicit JsonDocument(std::unique_ptr<const Root> root);
    std::unique_ptr<const Root> root_;
};

}  // namespace pilotlight::probes
