#include "app/probe_history.h"

#include <boost/test/unit_test.hpp>

using namespace pilotlight;
using namespace pilotlight::app;

namespace {

PastProbe past(const std::string& target, bool successful) {
    PastProbe probe;
    probe.target = target;
    probe.successful = successful;
    return probe;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(probe_history)

BOOST_AUTO_TEST_CASE(the_last_are_kept_and_failures_longer) {
    ProbeHistory history;
    history.add(past("down", false));
    history.add(past("up", true));
    for (std::size_t i = 0; i < ProbeHistory::kKept; ++i)
        history.add(past("other", true));
    BOOST_REQUIRE(history.by_target("down") != nullptr);
    BOOST_TEST(history.by_id(0) == history.by_target("down"));
    BOOST_TEST(history.by_target("up") == nullptr);
    BOOST_TEST(history.by_id(1) == nullptr);
    BOOST_TEST(history.all().size() == ProbeHistory::kKept + 1);
    BOOST_TEST(history.all().front()->id == ProbeHistory::kKept + 1);
}

BOOST_AUTO_TEST_CASE(failures_are_bounded_too) {
    ProbeHistory history;
    for (std::size_t i = 0; i < 3 * ProbeHistory::kKept; ++i)
        history.add(past("down", false));
    BOOST_TEST(history.all().size() == 2 * ProbeHistory::kKept);
    BOOST_TEST(history.by_id(0) == nullptr);
    BOOST_TEST(history.by_target("down")->id == 3 * ProbeHistory::kKept - 1);
}

BOOST_AUTO_TEST_CASE(what_measured_too_much_is_kept_without_that) {
    ProbeHistory history;
    auto batch = std::make_shared<SampleBatch>();
    batch->samples.resize(ProbeHistory::kSamplesMax + 1);
    PastProbe probe = past("big", true);
    probe.batch = batch;
    history.add(std::move(probe));
    BOOST_TEST(history.by_target("big")->batch == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
