// The entry point of every unit test executable; Boost.Test is linked, not included whole.
#define BOOST_TEST_MODULE pilotlight
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>
