#include "probes/admission.h"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

using pilotlight::probes::Admission;
using pilotlight::probes::SkipCause;
using Pass = Admission::Pass;

namespace {

/// A probe that wants in, and how often it was told of a change.
struct Guest {
    Guest(Admission& admission, const Admission::Way& way)
        : pass(std::make_unique<Pass>(admission, way)) {}

    bool enter() { return pass->enter(); }
    void wait() {
        pass->wait([this] { ++told; });
    }
    [[nodiscard]] bool is_in() const { return !pass->waits_for().has_value(); }
    [[nodiscard]] bool waits_for(SkipCause cause) const { return pass->waits_for() == cause; }
    void leave() { pass.reset(); }

    std::unique_ptr<Pass> pass;
    int told = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(admission)

BOOST_AUTO_TEST_CASE(lets_in_up_to_the_limit_of_a_host_and_then_first_come_first_served) {
    Admission admission({.per_host = 2}, 1);
    const Admission::Way way = admission.way("a", "http", 0);
    Guest one(admission, way);
    Guest two(admission, way);
    Guest three(admission, way);
    Guest four(admission, way);
    BOOST_TEST(one.enter());
    BOOST_TEST(two.enter());
    BOOST_TEST(!three.enter());
    three.wait();
    four.wait();
    BOOST_TEST(three.waits_for(SkipCause::host_limit));
    one.leave();
    BOOST_TEST(three.is_in());
    BOOST_TEST(three.told == 1);
    BOOST_TEST(!four.is_in());
    two.leave();
    BOOST_TEST(four.is_in());
}

BOOST_AUTO_TEST_CASE(other_hosts_do_not_wait) {
    Admission admission({.per_host = 1}, 1);
    const Admission::Way a = admission.way("a", "http", 0);
    const Admission::Way b = admission.way("b", "http", 0);
    const Admission::Way none = admission.way("", "host", 0);
    Guest first(admission, a);
    BOOST_TEST(first.enter());
    for (const Admission::Way* way : {&b, &none, &none}) {
        Guest other(admission, *way);
        BOOST_TEST(other.enter());
    }
}

BOOST_AUTO_TEST_CASE(a_prober_has_its_own_limit_where_it_is_named) {
    Admission admission({.per_prober = 2, .of_prober = {{"icmp", 1}}}, 2);
    const Admission::Way ping = admission.way("a", "icmp", 0);
    const Admission::Way other_ping = admission.way("b", "icmp", 1);
    const Admission::Way http = admission.way("a", "http", 0);
    Guest one(admission, ping);
    Guest two(admission, other_ping);
    BOOST_TEST(one.enter());
    BOOST_TEST(!two.enter());
    two.wait();
    BOOST_TEST(two.waits_for(SkipCause::prober_limit));
    Guest three(admission, http);
    Guest four(admission, http);
    Guest five(admission, http);
    BOOST_TEST(three.enter());
    BOOST_TEST(four.enter());
    BOOST_TEST(!five.enter());
}

BOOST_AUTO_TEST_CASE(each_loop_has_its_own_places) {
    Admission admission({.per_loop = 1}, 2);
    const Admission::Way here = admission.way("a", "http", 0);
    const Admission::Way there = admission.way("a", "http", 1);
    Guest one(admission, here);
    Guest two(admission, here);
    Guest three(admission, there);
    BOOST_TEST(one.enter());
    BOOST_TEST(three.enter());
    two.wait();
    BOOST_TEST(two.waits_for(SkipCause::in_flight_limit));
    three.leave();
    BOOST_TEST(!two.is_in());
    one.leave();
    BOOST_TEST(two.is_in());
}

BOOST_AUTO_TEST_CASE(who_waits_for_a_host_takes_nobodys_place) {
    Admission admission({.per_loop = 2, .per_host = 1}, 1);
    const Admission::Way hanging = admission.way("hangs", "http", 0);
    const Admission::Way fine = admission.way("fine", "http", 0);
    Guest one(admission, hanging);
    Guest two(admission, hanging);
    BOOST_TEST(one.enter());
    two.wait();
    Guest three(admission, fine);
    BOOST_TEST(three.enter());
}

BOOST_AUTO_TEST_CASE(one_limit_after_the_other) {
    Admission admission({.per_loop = 1, .per_host = 1}, 1);
    const Admission::Way a = admission.way("a", "http", 0);
    const Admission::Way b = admission.way("b", "http", 0);
    Guest one(admission, a);
    Guest two(admission, a);
    Guest three(admission, b);
    BOOST_TEST(one.enter());
    two.wait();
    three.wait();
    BOOST_TEST(two.waits_for(SkipCause::host_limit));
    BOOST_TEST(three.waits_for(SkipCause::in_flight_limit));
    one.leave();
    // The place on the loop was waited for before.
    BOOST_TEST(three.is_in());
    BOOST_TEST(two.waits_for(SkipCause::in_flight_limit));
    BOOST_TEST(two.told == 1);
    three.leave();
    BOOST_TEST(two.is_in());
    BOOST_TEST(two.told == 2);
}

BOOST_AUTO_TEST_CASE(who_goes_away_while_waiting_leaves_the_line) {
    Admission admission({.per_host = 1}, 1);
    const Admission::Way way = admission.way("a", "http", 0);
    Guest one(admission, way);
    Guest two(admission, way);
    Guest three(admission, way);
    BOOST_TEST(one.enter());
    two.wait();
    three.wait();
    two.leave();
    one.leave();
    BOOST_TEST(three.is_in());
    three.leave();
    Guest four(admission, way);
    BOOST_TEST(four.enter());
}

BOOST_AUTO_TEST_CASE(a_place_that_became_free_meanwhile_needs_no_waiting) {
    Admission admission({.per_host = 1}, 1);
    const Admission::Way way = admission.way("a", "http", 0);
    Guest one(admission, way);
    Guest two(admission, way);
    BOOST_TEST(one.enter());
    BOOST_TEST(!two.enter());
    one.leave();
    two.wait();
    BOOST_TEST(two.is_in());
    BOOST_TEST(two.told == 0);
}

BOOST_AUTO_TEST_CASE(a_host_that_is_still_in_use_keeps_its_limit) {
    Admission admission({.per_host = 1}, 1);
    const Admission::Way way = admission.way("a", "http", 0);
    Guest one(admission, way);
    BOOST_TEST(one.enter());
    admission.forget_unused();
    const Admission::Way again = admission.way("a", "http", 0);
    Guest two(admission, again);
    BOOST_TEST(!two.enter());
}

BOOST_AUTO_TEST_CASE(threads_never_exceed_a_limit) {
    Admission admission({.per_host = 3, .per_prober = 2}, 4);
    std::atomic<int> inside = 0;
    std::atomic<int> most = 0;
    std::atomic<int> done = 0;
    const auto work = [&](int loop) {
        const Admission::Way way = admission.way("a", "http", loop);
        for (int i = 0; i < 500; ++i) {
            // It may be told once more when it has long gone on.
            const auto moved = std::make_shared<std::atomic<int>>(0);
            Pass pass(admission, way);
            if (!pass.enter()) {
                pass.wait([moved] {
                    ++*moved;
                    moved->notify_all();
                });
                for (int seen = 0; pass.waits_for().has_value(); seen = *moved)
                    moved->wait(seen);
            }
            const int now = ++inside;
            for (int known = most; now > known && !most.compare_exchange_weak(known, now);) {
            }
            --inside;
            ++done;
        }
    };
    {
        std::vector<std::jthread> threads;
        for (int loop = 0; loop < 4; ++loop)
            threads.emplace_back(work, loop);
    }
    BOOST_TEST(done == 2000);
    BOOST_TEST(most <= 2);
}

BOOST_AUTO_TEST_SUITE_END()
