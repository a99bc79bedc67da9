#pragma once

#include <string>

namespace pilotlight::rules {

/// The host of `host:port` or `[v6]:port`; other texts as they are.
[[nodiscard]] std::string strip_port(const std::string& address);

/// `db1.example.com:5432` is `db1:5432`; IP addresses stay whole.
[[nodiscard]] std::string strip_domain(const std::string& address);

}  // namespace pilotlight::rules
