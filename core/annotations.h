#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/labels.h"

namespace pilotlight {

/// Makes annotations step by step. They are kept as Labels, but where a label that is empty is one
/// that is absent, an annotation that is empty stays and is shown, as in Prometheus: it is the one
/// kind of Labels that may have empty values. Names and texts are copied in.
class AnnotationsBuilder {
  public:
    AnnotationsBuilder() = default;
    explicit AnnotationsBuilder(const Labels& base);
    AnnotationsBuilder& set(std::string_view name, std::string_view text);
    AnnotationsBuilder& remove(std::string_view name);
    [[nodiscard]] Labels build() const;

  private:
    std::map<std::string, std::string, std::less<>> texts_;
};

}  // namespace pilotlight
