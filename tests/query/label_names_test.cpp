#include "exporters/query/label_names.h"

#include <boost/test/unit_test.hpp>

using pilotlight::query::is_label_name;
using pilotlight::query::unescape_name;

BOOST_AUTO_TEST_SUITE(label_names)

BOOST_AUTO_TEST_CASE(escapes_are_undone) {
    BOOST_TEST(unescape_name("job") == "job");
    BOOST_TEST(unescape_name("U__a_2e_b") == "a.b");
    BOOST_TEST(unescape_name("U__a__b") == "a_b");
    BOOST_TEST(unescape_name("U___1F525_") == "\U0001F525");
    BOOST_TEST(unescape_name("U__caf_e9_") == "caf\u00e9");
    BOOST_TEST(unescape_name("U___20ac_") == "\u20ac");
    BOOST_TEST(unescape_name("U__") == "");
}

BOOST_AUTO_TEST_CASE(what_is_no_escape_stays) {
    for (const char* name : {"U_a", "U__a_", "U__a_2e", "U__a_zz_", "U__a_1234567_", "U__a_d800_",
                             "U__a_110000_", "a_2e_b", "u__a_2e_b"}) {
        BOOST_TEST(unescape_name(name) == name);
    }
}

BOOST_AUTO_TEST_CASE(names_are_utf8_and_not_empty) {
    BOOST_TEST(is_label_name("a"));
    BOOST_TEST(is_label_name("a.b \u20ac"));
    for (const char* name : {"", "\xff", "a\xc3", "\xed\xa0\x80"})
        BOOST_TEST(!is_label_name(name));
}

BOOST_AUTO_TEST_SUITE_END()
