#include "core/annotations.h"

#include <vector>

namespace pilotlight {

AnnotationsBuilder::AnnotationsBuilder(const Labels& base) {
    for (const Label one : base)
        texts_.emplace(one.name, one.value);
}

AnnotationsBuilder& AnnotationsBuilder::set(std::string_view name, std::string_view text) {
    texts_.insert_or_assign(std::string(name), std::string(text));
    return *this;
}

AnnotationsBuilder& AnnotationsBuilder::remove(std::string_view name) {
    const auto found = texts_.find(name);
    if (found != texts_.end()) texts_.erase(found);
    return *this;
}

Labels AnnotationsBuilder::build() const {
    std::vector<Label> sorted;
    sorted.reserve(texts_.size());
    for (const auto& [name, text] : texts_)
        sorted.push_back({name, text});
    return Labels::from_sorted(sorted);
}

}  // namespace pilotlight
