#include "exporters/form.h"

#include <boost/test/unit_test.hpp>

using pilotlight::exporters::is_form;
using pilotlight::exporters::read_form;

namespace {

std::string read(std::string_view body) {
    std::string text;
    for (const auto& [name, value] : read_form(body))
        text += "<" + name + "|" + value + ">";
    return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(form)

BOOST_AUTO_TEST_CASE(fields_are_decoded_in_order) {
    BOOST_TEST(read("query=up%7Ba%3D%22b%22%7D&time=1.5") == "<query|up{a=\"b\"}><time|1.5>");
    BOOST_TEST(read("match%5B%5D=a&match[]=b") == "<match[]|a><match[]|b>");
    BOOST_TEST(read("q=a+b%2Bc%e2%82%AC") == "<q|a b+c\u20ac>");
    BOOST_TEST(read("a=b=c") == "<a|b=c>");
}

BOOST_AUTO_TEST_CASE(what_is_no_escape_stays) {
    BOOST_TEST(read("a=%&b=%4&c=%zz&d=100%") == "<a|%><b|%4><c|%zz><d|100%>");
    BOOST_TEST(read("%=%") == "<%|%>");
}

BOOST_AUTO_TEST_CASE(empty_fields_and_values) {
    BOOST_TEST(read("").empty());
    BOOST_TEST(read("&&").empty());
    BOOST_TEST(read("a&b=&=c") == "<a|><b|><|c>");
}

BOOST_AUTO_TEST_CASE(its_type_is_known_in_every_spelling) {
    for (const char* type :
         {"application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8",
          "Application/X-WWW-Form-Urlencoded ;x"}) {
        BOOST_TEST(is_form(type), type);
    }
    for (const char* type : {"", ";", "application/json", "application/x-www-form-urlencoded2",
                             "multipart/form-data"}) {
        BOOST_TEST(!is_form(type), type);
    }
}

BOOST_AUTO_TEST_SUITE_END()
