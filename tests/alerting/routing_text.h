#pragma once

#include <boost/test/unit_test.hpp>

#include <string>

#include "alerting/routing_config.h"
#include "config/yaml.h"

namespace pilotlight::alerting::testing {

/// Reads the text as a file called routes.yaml.
inline Checked<SharedRouting> read_text(const std::string& yaml,
                                        const std::string& file = "routes.yaml") {
    const auto node = config::parse_yaml(yaml, file);
    BOOST_REQUIRE_MESSAGE(node.has_value(), (node ? "" : node.error().to_string()));
    return read_alerting_config(*node);
}

/// For texts that must be right.
inline SharedRouting routing(const std::string& yaml) {
    auto read = read_text(yaml);
    if (!read) {
        for (const Error& error : read.error())
            BOOST_TEST_MESSAGE(error.to_string());
    }
    BOOST_REQUIRE(read.has_value());
    return std::move(*read);
}

/// The mistakes, one a line, without the file's name.
inline std::string mistakes(const std::string& yaml) {
    const auto read = read_text(yaml);
    if (read) return "";
    std::string all;
    for (const Error& error : read.error()) {
        std::string line = error.to_string();
        const std::string prefix = "routes.yaml:";
        if (line.starts_with(prefix)) line = line.substr(prefix.size());
        all += line + "\n";
    }
    return all;
}

}  // namespace pilotlight::alerting::testing
