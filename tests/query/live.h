#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exporters/http.h"
#include "exporters/query/service.h"
#include "series/store.h"

namespace pilotlight::query {

/// A service over a store of its own, whose owner copies at once.
class Live {
  public:
    explicit Live(Limits limits = {}, Gate::Room room = {});

    /// A sample each ten seconds from 0 on; a stale marker for "stale".
    void load(const Labels& labels, const std::vector<double>& values);

    using Parameters = std::vector<std::pair<std::string, std::string>>;
    [[nodiscard]] exporters::Response get(const std::string& name, Parameters parameters,
                                          std::int64_t now = 100);
    /// `CODE BODY`
    [[nodiscard]] std::string ask(const std::string& name, Parameters parameters,
                                  std::int64_t now = 100);
    /// `CODE TYPE: MESSAGE` of a refusal; "answered" for an answer.
    [[nodiscard]] std::string refusal(const std::string& name, Parameters parameters);

    series::Store store{{.retention = series::Retention::forever()}};
    /// Whether there is an owner of the store.
    bool has_owner = true;
    /// Whether it takes up what it is handed.
    bool owner_works = true;
    Described described;
    std::unique_ptr<Service> service;
};

}  // namespace pilotlight::query
