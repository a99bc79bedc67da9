#include "core/labels.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "core/check.h"
#include "core/hash.h"

namespace pilotlight {

std::uint64_t Labels::hash_of(std::span<const Label> labels) {
    std::uint64_t hash = kEmptyHash;
    for (const Label& label : labels) {
        hash = hash_bytes(label.name, hash);
        hash = hash_bytes(label.value, hash);
    }
    return hash;
}

Labels Labels::from_sorted(std::span<const Label> sorted) {
    if (sorted.empty()) return {};
    std::size_t characters = 0;
    for (const Label& label : sorted)
        characters += label.name.size() + label.value.size();
    PILOT_CHECK(characters <= std::numeric_limits<std::uint32_t>::max());
    const std::size_t bytes = sizeof(Rep) + 2 * sorted.size() * sizeof(std::uint32_t) + characters;
    auto* rep = new (::operator new(bytes)) Rep{
        .owners = 1, .count = static_cast<std::uint32_t>(sorted.size()), .hash = hash_of(sorted)};
    std::uint32_t* ends = rep->ends();
    char* text = rep->text();
    std::uint32_t at = 0;
    const auto put = [&](std::string_view part) {
        if (!part.empty()) std::memcpy(text + at, part.data(), part.size());
        at += static_cast<std::uint32_t>(part.size());
        *ends++ = at;
    };
    for (const Label& label : sorted) {
        put(label.name);
        put(label.value);
    }
    return Labels(rep);
}

Labels Labels::from(std::span<const Label> labels) {
    std::vector<Label> sorted(labels.begin(), labels.end());
    std::ranges::stable_sort(sorted, {}, &Label::name);
    // Of equal names the last given stays: go backwards, keep the first seen.
    std::vector<Label> kept;
    kept.reserve(sorted.size());
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        const bool overridden = i + 1 < sorted.size() && sorted[i + 1].name == sorted[i].name;
        if (!overridden && !sorted[i].value.empty()) kept.push_back(sorted[i]);
    }
    return from_sorted(kept);
}

Labels::Labels(const Labels& other) : rep_(other.rep_) {
    if (rep_ != nullptr) rep_->owners.fetch_add(1, std::memory_order_relaxed);
}

Labels::Labels(Labels&& other) noexcept : rep_(std::exchange(other.rep_, nullptr)) {}

Labels& Labels::operator=(const Labels& other) {
    Labels copy(other);
    std::swap(rep_, copy.rep_);
    return *this;
}

Labels& Labels::operator=(Labels&& other) noexcept {
    std::swap(rep_, other.rep_);
    return *this;
}

Labels::~Labels() {
    release();
}

void Labels::release() {
    if (rep_ != nullptr && rep_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        rep_->~Rep();
        ::operator delete(rep_);
    }
}

std::string_view Labels::get(std::string_view name) const {
    // Label sets are small: a scan beats a search.
    for (std::size_t i = 0, n = size(); i < n; ++i) {
        const Label label = (*this)[i];
        if (label.name == name) return label.value;
    }
    return {};
}

std::string Labels::to_string() const {
    std::string text(metric_name());
    std::string inside;
    for (const Label label : *this) {
        if (label.name == kMetricName) continue;
        if (!inside.empty()) inside += ", ";
        if (is_legacy_label_name(label.name)) {
            inside += label.name;
        } else {
            inside += '"';
            append_escaped_label_value(inside, label.name);
            inside += '"';
        }
        inside += "=\"";
        append_escaped_label_value(inside, label.value);
        inside += '"';
    }
    if (!inside.empty() || text.empty()) text += '{' + inside + '}';
    return text;
}

bool Labels::operator==(const Labels& other) const {
    if (rep_ == other.rep_) return true;
    if (size() != other.size() || hash() != other.hash()) return false;
    return std::ranges::equal(*this, other);
}

bool Labels::operator<(const Labels& other) const {
    return std::ranges::lexicographical_compare(*this, other);
}

LabelsBuilder::LabelsBuilder(const Labels& base) {
    labels_.reserve(base.size() + 4);
    for (const Label label : base)
        labels_.emplace_back(label.name, label.value);
}

LabelsBuilder& LabelsBuilder::set(std::string_view name, std::string_view value) {
    for (auto& [known, old] : labels_) {
        if (known == name) {
            old = value;
            return *this;
        }
    }
    labels_.emplace_back(name, value);
    return *this;
}

LabelsBuilder& LabelsBuilder::remove(std::string_view name) {
    std::erase_if(labels_, [&](const auto& label) { return label.first == name; });
    return *this;
}

std::string_view LabelsBuilder::get(std::string_view name) const {
    for (const auto& [known, value] : labels_) {
        if (known == name) return value;
    }
    return {};
}

Labels LabelsBuilder::build() const {
    std::vector<Label> views;
    views.reserve(labels_.size());
    for (const auto& [name, value] : labels_)
        views.push_back({name, value});
    return Labels::from(views);
}

namespace {

bool is_name(std::string_view name, bool colon_allowed) {
    if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
    return std::ranges::all_of(name, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || (colon_allowed && c == ':');
    });
}

}  // namespace

bool is_legacy_label_name(std::string_view name) {
    return is_name(name, false);
}

bool is_legacy_metric_name(std::string_view name) {
    return is_name(name, true);
}

void append_escaped_label_value(std::string& out, std::string_view value) {
    for (const char c : value) {
        switch (c) {
            case '\\':
                out += "\\\\";
                break;
            case '"':
                out += "\\\"";
                break;
            case '\n':
                out += "\\n";
                break;
            default:
                out += c;
        }
    }
}

}  // namespace pilotlight
