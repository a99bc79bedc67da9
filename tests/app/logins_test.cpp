#include "app/logins.h"

#include <boost/test/unit_test.hpp>

#include "runtime/url.h"

using namespace pilotlight;
using namespace pilotlight::app;

namespace {

// bcrypt of "fakepassword", cost 10, as the exporter-toolkit's users have it.
constexpr const char* kHash = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

std::string basic(const std::string& login) {
    return "Basic " + runtime::base64(login);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(logins)

BOOST_AUTO_TEST_CASE(only_the_right_user_with_the_right_password_comes_in) {
    Logins logins({{"anna", Secret(kHash)}});
    for (int again = 0; again < 2; ++again) {
        BOOST_TEST(logins.admits(basic("anna:fakepassword")));
        BOOST_TEST(!logins.admits(basic("anna:fakepassworD")));
        BOOST_TEST(!logins.admits(basic("anna:")));
    }
    // Nobody's hash is of a password that anybody may know.
    BOOST_TEST(!logins.admits(basic("bob:fakepassword")));
    BOOST_TEST(!logins.admits(basic(":fakepassword")));
}

BOOST_AUTO_TEST_CASE(what_is_no_login_is_none) {
    Logins logins({{"anna", Secret(kHash)}});
    for (const std::string& header :
         {std::string(), std::string("Basic"), std::string("Basic "), std::string("Basic !!!!"),
          basic("anna"), "Bearer " + runtime::base64("anna:fakepassword"),
          basic(std::string("anna:fakepassword\0more", 22)),
          "Basic " + std::string(100'000, 'A')}) {
        BOOST_TEST(!logins.admits(header));
    }
}

BOOST_AUTO_TEST_CASE(a_hash_that_is_none_admits_nobody) {
    for (const char* hash : {"", "*0", "fakepassword", "$2y$99$QOauhQNbBCuQDKes6eFzPe"}) {
        Logins logins({{"anna", Secret(hash)}});
        BOOST_TEST(!logins.admits(basic("anna:fakepassword")));
        BOOST_TEST(!logins.admits(basic("anna:")));
    }
}

BOOST_AUTO_TEST_SUITE_END()
