#include "probes/confirmation.h"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using pilotlight::SteadyTime;
using pilotlight::probes::Confirmation;
using pilotlight::probes::Judged;
using pilotlight::probes::Verdict;
using Rules = pilotlight::config::Confirmation;
using Step = Judged::Step;

namespace {

const SteadyTime kStart = SteadyTime{} + 1000h;

bool tells(const Judged& judged) {
    return judged.step == Step::tell && !judged.is_blip && judged.confirmed_by == 0;
}

bool asks_at(const Judged& judged, SteadyTime at) {
    return judged.step == Step::ask_again && judged.at == at;
}

/// Three more probes within six seconds, three successes to recover.
struct Fixture {
    Confirmation target{Rules{.attempts = 3, .within = 6s, .recover_attempts = 3}};

    /// A failure that is confirmed by three that fail at once.
    void go_down() {
        SteadyTime now = kStart;
        for (int i = 0; i < 3; ++i)
            now = target.heard(Verdict::failed, now).at;
        BOOST_TEST(target.heard(Verdict::failed, now).confirmed_by == 3);
        BOOST_TEST(target.is_down());
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(confirmation, Fixture)

BOOST_AUTO_TEST_CASE(without_rules_every_probe_is_told) {
    Confirmation plain{Rules{}};
    for (const Verdict verdict : {Verdict::ok, Verdict::failed, Verdict::unknown, Verdict::failed,
                                  Verdict::ok, Verdict::failed}) {
        BOOST_TEST(tells(plain.heard(verdict, kStart)));
    }
    BOOST_TEST(plain.is_down());
}

BOOST_AUTO_TEST_CASE(a_success_is_told) {
    BOOST_TEST(tells(target.heard(Verdict::ok, kStart)));
    BOOST_TEST(tells(target.heard(Verdict::ok, kStart + 15s)));
    BOOST_TEST(!target.is_down());
}

BOOST_AUTO_TEST_CASE(a_first_failure_is_told_once_all_attempts_fail_at_even_distances) {
    BOOST_TEST(tells(target.heard(Verdict::ok, kStart - 15s)));
    BOOST_TEST(asks_at(target.heard(Verdict::failed, kStart), kStart + 2s));
    BOOST_TEST(asks_at(target.heard(Verdict::failed, kStart + 2s), kStart + 4s));
    BOOST_TEST(!target.is_down());
    BOOST_TEST(asks_at(target.heard(Verdict::failed, kStart + 4s), kStart + 6s));
    const Judged judged = target.heard(Verdict::failed, kStart + 6s);
    BOOST_CHECK(judged.step == Step::tell);
    BOOST_TEST(judged.confirmed_by == 3);
    BOOST_TEST(!judged.is_blip);
    BOOST_TEST(target.is_down());
}

BOOST_AUTO_TEST_CASE(what_was_never_asked_before_is_confirmed_too) {
    BOOST_TEST(asks_at(target.heard(Verdict::failed, kStart), kStart + 2s));
}

BOOST_AUTO_TEST_CASE(one_success_makes_it_a_blip) {
    (void)target.heard(Verdict::failed, kStart);
    (void)target.heard(Verdict::failed, kStart + 2s);
    const Judged judged = target.heard(Verdict::ok, kStart + 4s);
    BOOST_CHECK(judged.step == Step::tell);
    BOOST_TEST(judged.is_blip);
    BOOST_TEST(!target.is_down());
    // The next failure is a first one again, with all its attempts.
    BOOST_TEST(asks_at(target.heard(Verdict::failed, kStart + 15s), kStart + 17s));
    BOOST_TEST(asks_at(target.heard(Verdict::failed, kStart + 17s), kStart + 19s));
}

BOOST_AUTO_TEST_CASE(slow_probes_use_up_the_time_and_the_rest_is_left_out) {
    BOOST_TEST(asks_at(target.heard(Verdict::failed, kStart), kStart + 2s));
    // It took five seconds: the next is overdue, and begins at once since there is time left ...
    BOOST_TEST(asks_at(target.heard(Verdict::failed, kStart + 6s), kStart + 6s));
    // ... and after it there is none.
    const Judged judged = target.heard(Verdict::failed, kStart + 11s);
    BOOST_CHECK(judged.step == Step::tell);
    BOOST_TEST(judged.confirmed_by == 2);
}

BOOST_AUTO_TEST_CASE(one_attempt_is_made_however_late) {
    BOOST_TEST(asks_at(target.heard(Verdict::failed, kStart), kStart + 2s));
    const Judged judged = target.heard(Verdict::failed, kStart + 1h);
    BOOST_TEST(judged.confirmed_by == 1);
    BOOST_TEST(target.is_down());
}

BOOST_AUTO_TEST_CASE(what_cannot_judge_neither_confirms_nor_refutes) {
    (void)target.heard(Verdict::failed, kStart);
    BOOST_TEST(asks_at(target.heard(Verdict::unknown, kStart + 2s), kStart + 4s));
    BOOST_TEST(asks_at(target.heard(Verdict::failed, kStart + 4s), kStart + 6s));
    const Judged judged = target.heard(Verdict::unknown, kStart + 6s);
    BOOST_CHECK(judged.step == Step::tell_failure);
    BOOST_TEST(judged.confirmed_by == 1);
    BOOST_TEST(target.is_down());
}

BOOST_AUTO_TEST_CASE(where_none_could_judge_nothing_is_known) {
    (void)target.heard(Verdict::failed, kStart);
    (void)target.heard(Verdict::unknown, kStart + 2s);
    (void)target.heard(Verdict::unknown, kStart + 4s);
    BOOST_TEST(tells(target.heard(Verdict::unknown, kStart + 6s)));
    BOOST_TEST(!target.is_down());
    BOOST_TEST(asks_at(target.heard(Verdict::failed, kStart + 15s), kStart + 17s));
}

BOOST_AUTO_TEST_CASE(unknown_begins_nothing) {
    BOOST_TEST(tells(target.heard(Verdict::unknown, kStart)));
    BOOST_TEST(!target.is_down());
    go_down();
    BOOST_TEST(tells(target.heard(Verdict::unknown, kStart + 20s)));
    BOOST_TEST(target.is_down());
}

BOOST_AUTO_TEST_CASE(further_failures_are_told_at_once) {
    go_down();
    BOOST_TEST(tells(target.heard(Verdict::failed, kStart + 15s)));
    BOOST_TEST(tells(target.heard(Verdict::failed, kStart + 30s)));
}

BOOST_AUTO_TEST_CASE(recovery_takes_successes_in_a_row_a_second_apart) {
    go_down();
    BOOST_TEST(asks_at(target.heard(Verdict::ok, kStart + 15s), kStart + 16s));
    BOOST_TEST(asks_at(target.heard(Verdict::ok, kStart + 16s), kStart + 17s));
    BOOST_TEST(target.is_down());
    const Judged judged = target.heard(Verdict::ok, kStart + 17s);
    BOOST_TEST(tells(judged));
    BOOST_TEST(!target.is_down());
    BOOST_TEST(tells(target.heard(Verdict::ok, kStart + 30s)));
}

BOOST_AUTO_TEST_CASE(a_failure_ends_a_recovery_and_all_begins_anew) {
    go_down();
    (void)target.heard(Verdict::ok, kStart + 15s);
    (void)target.heard(Verdict::ok, kStart + 16s);
    BOOST_TEST(tells(target.heard(Verdict::failed, kStart + 17s)));
    BOOST_TEST(target.is_down());
    BOOST_TEST(asks_at(target.heard(Verdict::ok, kStart + 30s), kStart + 31s));
    BOOST_TEST(asks_at(target.heard(Verdict::ok, kStart + 31s), kStart + 32s));
    BOOST_TEST(tells(target.heard(Verdict::ok, kStart + 32s)));
    BOOST_TEST(!target.is_down());
}

BOOST_AUTO_TEST_CASE(unknown_pauses_a_recovery) {
    go_down();
    (void)target.heard(Verdict::ok, kStart + 15s);
    BOOST_TEST(tells(target.heard(Verdict::unknown, kStart + 16s)));
    BOOST_TEST(target.is_down());
    BOOST_TEST(asks_at(target.heard(Verdict::ok, kStart + 30s), kStart + 31s));
    BOOST_TEST(tells(target.heard(Verdict::ok, kStart + 31s)));
    BOOST_TEST(!target.is_down());
}

BOOST_AUTO_TEST_CASE(other_rules_keep_whether_it_is_down) {
    go_down();
    (void)target.heard(Verdict::ok, kStart + 15s);
    target.change(Rules{.attempts = 1, .within = 1s, .recover_attempts = 2});
    BOOST_TEST(target.is_down());
    BOOST_TEST(asks_at(target.heard(Verdict::ok, kStart + 30s), kStart + 31s));
    BOOST_TEST(tells(target.heard(Verdict::ok, kStart + 31s)));
    // What was being confirmed is not any more.
    (void)target.heard(Verdict::failed, kStart + 45s);
    target.change(Rules{});
    BOOST_TEST(tells(target.heard(Verdict::ok, kStart + 60s)));
}

BOOST_AUTO_TEST_SUITE_END()
