#include "probes/confirmation.h"

#include <algorithm>

namespace pilotlight::probes {

void Confirmation::change(config::Confirmation rules) {
    rules_ = rules;
    doing_ = Doing::nothing;
    succeeded_ = 0;
}

Judged Confirmation::heard(Verdict verdict, SteadyTime now) {
    if (doing_ == Doing::confirming) return confirm(verdict, now);
    if (doing_ == Doing::recovering || (down_ && verdict == Verdict::ok)) {
        return recover(verdict, now);
    }
    if (verdict == Verdict::failed) {
        if (!down_ && rules_.attempts > 0) return first_failure(now);
        down_ = true;
        succeeded_ = 0;
    }
    return {};
}

Judged Confirmation::ask_again(SteadyTime now) const {
    const SteadyTime planned = began_ + rules_.within * (asked_ + 1) / rules_.attempts;
    return {.step = Judged::Step::ask_again, .at = std::max(planned, now)};
}

Judged Confirmation::first_failure(SteadyTime now) {
    doing_ = Doing::confirming;
    began_ = now;
    asked_ = 0;
    failed_ = 0;
    return ask_again(now);
}

Judged Confirmation::confirm(Verdict verdict, SteadyTime now) {
    ++asked_;
    if (verdict == Verdict::ok) {
        doing_ = Doing::nothing;
        return {.is_blip = true};
    }
    if (verdict == Verdict::failed) ++failed_;
    // Probes that take their time may use up what there is before all of them began.
    if (asked_ < rules_.attempts && now <= began_ + rules_.within) return ask_again(now);
    doing_ = Doing::nothing;
    if (failed_ == 0) return {};
    down_ = true;
    succeeded_ = 0;
    const bool judged = verdict == Verdict::failed;
    return {.step = judged ? Judged::Step::tell : Judged::Step::tell_failure,
            .confirmed_by = failed_};
}

Judged Confirmation::recover(Verdict verdict, SteadyTime now) {
    doing_ = Doing::nothing;
    if (verdict == Verdict::failed) succeeded_ = 0;
    if (verdict != Verdict::ok) return {};
    if (++succeeded_ >= rules_.recover_attempts) {
        down_ = false;
        succeeded_ = 0;
        return {};
    }
    doing_ = Doing::recovering;
    return {.step = Judged::Step::ask_again, .at = now + kRecoverySpacing};
}

}  // namespace pilotlight::probes
