#include <boost/test/unit_test.hpp>

#include "config/config.h"

using namespace pilotlight::config;

BOOST_AUTO_TEST_SUITE(reference)

BOOST_AUTO_TEST_CASE(holds_every_section_and_prober) {
    const ProberDocs kProbers[] = {
        {"tcp", "Connects.", {{"tls", "true or false", "false", "Speak TLS | or not."}}},
    };
    const std::string page = configuration_reference(kProbers);
    for (const char* heading :
         {"## The root", "## defaults", "## services", "## targets", "## Probers", "### tcp",
          "## file_sd", "## Module files", "## limits", "## promql", "### escalations",
          "## dead_man", "## receivers", "## receivers: after"}) {
        BOOST_TEST(page.contains("\n" + std::string(heading) + "\n"), heading);
    }
    BOOST_TEST(page.contains("| `listen` | HOST:PORT | `127.0.0.1:9897` | "));
    BOOST_TEST(page.contains("| `tls` | true or false | `false` | Speak TLS \\| or not. |\n"));
    BOOST_TEST(page.contains("| `name` | text | required | "));
    BOOST_TEST(page.ends_with("|\n"));
}

BOOST_AUTO_TEST_SUITE_END()
