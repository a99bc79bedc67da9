#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/check.h"

namespace pilotlight {

inline constexpr std::string_view kMetricName = "__name__";
inline constexpr std::string_view kAlertName = "alertname";

struct Label {
    std::string_view name;
    std::string_view value;

    auto operator<=>(const Label&) const = default;
};

/// A series' identity: label names with values, sorted by name, no empty value, immutable.
/// One allocation, hashed once; a copy is a counter. Views stay valid while any copy lives.
/// Thread: copies may be used and dropped on any thread.
class Labels {
  public:
    Labels() = default;
    Labels(std::initializer_list<Label> labels) : Labels(from(labels)) {}
    Labels(const Labels& other);
    Labels(Labels&& other) noexcept;
    Labels& operator=(const Labels& other);
    Labels& operator=(Labels&& other) noexcept;
    ~Labels();

    /// Sorts; leaves out empty values; of a name given twice the last one stays.
    [[nodiscard]] static Labels from(std::span<const Label> labels);
    /// Precondition: sorted by name, no name twice, no empty value. The quick way where a set is
    /// made from another.
    [[nodiscard]] static Labels from_sorted(std::span<const Label> labels);

    [[nodiscard]] std::size_t size() const { return rep_ == nullptr ? 0 : rep_->count; }
    [[nodiscard]] bool empty() const { return rep_ == nullptr; }
    [[nodiscard]] Label operator[](std::size_t index) const {
        PILOT_CHECK(index < size());
        const std::uint32_t* ends = rep_->ends();
        const char* text = rep_->text();
        const std::uint32_t begin = index == 0 ? 0 : ends[2 * index - 1];
        const std::uint32_t middle = ends[2 * index];
        const std::uint32_t end = ends[2 * index + 1];
        return {{text + begin, middle - begin}, {text + middle, end - middle}};
    }
    /// What all names and values together take. O(1).
    [[nodiscard]] std::size_t text_bytes() const {
        return rep_ == nullptr ? 0 : rep_->ends()[2 * std::size_t{rep_->count} - 1];
    }
    /// The value, or "" where the name is absent: Prometheus makes no difference.
    [[nodiscard]] std::string_view get(std::string_view name) const;
    [[nodiscard]] std::string_view metric_name() const { return get(kMetricName); }
    [[nodiscard]] std::uint64_t hash() const { return rep_ == nullptr ? kEmptyHash : rep_->hash; }

    /// `name{a="b"}`, values escaped as in the text format; `{}` when empty.
    [[nodiscard]] std::string to_string() const;

    class Iterator {
      public:
        using value_type = Label;
        using difference_type = std::ptrdiff_t;
        Iterator() = default;
        Iterator(const Labels* labels, std::size_t index) : labels_(labels), index_(index) {}
        Label operator*() const { return (*labels_)[index_]; }
        Iterator& operator++() {
            ++index_;
            return *this;
        }
        Iterator operator++(int) {
            Iterator before = *this;
            ++index_;
            return before;
        }
        bool operator==(const Iterator& other) const { return index_ == other.index_; }

      private:
        const Labels* labels_ = nullptr;
        std::size_t index_ = 0;
    };
    [[nodiscard]] Iterator begin() const { return {this, 0}; }
    [[nodiscard]] Iterator end() const { return {this, size()}; }

    bool operator==(const Labels& other) const;
    /// Prometheus's order: name by name, value by value, then the shorter first.
    bool operator<(const Labels& other) const;

  private:
    static constexpr std::uint64_t kEmptyHash = 0xcbf29ce484222325U;

    // Laid out as: Rep, then 2 * count end offsets (name end, value end, ...), then the characters.
    struct Rep {
        std::atomic<std::uint32_t> owners;
        std::uint32_t count;
        std::uint64_t hash;

        std::uint32_t* ends() { return reinterpret_cast<std::uint32_t*>(this + 1); }
        char* text() { return reinterpret_cast<char*>(ends() + 2 * std::size_t{count}); }
    };
    explicit Labels(Rep* rep) : rep_(rep) {}
    static std::uint64_t hash_of(std::span<const Label> labels);
    void release();

    Rep* rep_ = nullptr;
};

/// Changes a set of labels step by step. Names and values are copied in.
class LabelsBuilder {
  public:
    LabelsBuilder() = default;
    explicit LabelsBuilder(const Labels& base);

    /// An empty value removes the label.
    LabelsBuilder& set(std::string_view name, std::string_view value);
    LabelsBuilder& remove(std::string_view name);
    [[nodiscard]] std::string_view get(std::string_view name) const;
    [[nodiscard]] Labels build() const;

  private:
    std::vector<std::pair<std::string, std::string>> labels_;
};

/// A label name as the text format allows it unquoted: [a-zA-Z_][a-zA-Z0-9_]*.
[[nodiscard]] bool is_legacy_label_name(std::string_view name);
/// A metric name as the text format allows it unquoted: [a-zA-Z_:][a-zA-Z0-9_:]*.
[[nodiscard]] bool is_legacy_metric_name(std::string_view name);

/// Appends `value` with `\`, `"` and newline escaped, as inside the quotes of the text format.
void append_escaped_label_value(std::string& out, std::string_view value);

}  // namespace pilotlight

template <>
struct std::hash<pilotlight::Labels> {
    std::size_t operator()(const pilotlight::Labels& labels) const noexcept {
        return labels.hash();
    }
};
