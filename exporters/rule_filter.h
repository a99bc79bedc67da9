#pragma once

#include <cstddef>
#include <expected>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/matcher.h"
#include "exporters/http.h"
#include "exporters/snapshot.h"

namespace pilotlight::exporters {

/// Which rules a request to /api/v1/rules asks for. Source: prometheus.io/docs/prometheus/latest,
/// "Rules", and web/api/v1/api.go (rules).
class RuleFilter {
  public:
    /// Reads `type`, `rule_name[]`, `rule_group[]`, `file[]`, `match[]`, `exclude_alerts`,
    /// `group_limit` and `group_next_token`; the error is the message of a 400.
    [[nodiscard]] static std::expected<RuleFilter, std::string> of(const Request& request);

    [[nodiscard]] bool wants(const RuleGroupView& group) const;
    [[nodiscard]] bool wants(const RuleView& rule) const;
    [[nodiscard]] bool wants_alerts() const { return !exclude_alerts_; }

    /// Groups of one page; 0 for all of them.
    [[nodiscard]] std::size_t group_limit() const { return group_limit_; }
    /// The group that the page begins with; "" for the first.
    [[nodiscard]] const std::string& first_group() const { return next_token_; }

    /// What names a group between two pages.
    [[nodiscard]] static std::string token_of(const RuleGroupView& group);

  private:
    std::set<std::string, std::less<>> names_;
    std::set<std::string, std::less<>> groups_;
    std::set<std::string, std::less<>> files_;
    std::vector<Matchers> matchers_;
    std::string type_;
    bool exclude_alerts_ = false;
    std::size_t group_limit_ = 0;
    std::string next_token_;
};

}  // namespace pilotlight::exporters
