#pragma once

#include "config/config.h"
#include "core/time.h"
#include "probes/probe.h"

namespace pilotlight::probes {

/// What becomes of a probe that has ended.
struct Judged {
    enum class Step {
        /// It is what is told of the target.
        tell,
        /// The newest failure is: this one could not judge, but those that could confirmed it.
        tell_failure,
        /// Nothing is told yet; the target is to be asked again, at `at`.
        ask_again,
    };
    Step step = Step::tell;
    SteadyTime at{};
    /// The failure that began this was not confirmed.
    bool is_blip = false;
    /// How many probes besides the first confirmed the failure that is told.
    int confirmed_by = 0;
};

/// Decides for one target which of its probes are told and when it is asked again in between: a
/// first failure is confirmed before it counts, and after a failure several probes have to succeed.
///
/// A probe that could not judge neither confirms nor refutes. Where none of those that were to
/// confirm a failure could judge, nothing is known, and the next failure is again a first one.
/// Pure: `now` is an argument. Thread: one owner.
class Confirmation {
  public:
    explicit Confirmation(config::Confirmation rules) : rules_(rules) {}

    /// A probe, in its turn or asked for, has ended at `now`.
    [[nodiscard]] Judged heard(Verdict verdict, SteadyTime now);

    /// Goes on under other rules: what is under way is forgotten, whether the target failed stays.
    void change(config::Confirmation rules);

    /// Whether a failure was told last, unless a success was since.
    [[nodiscard]] bool is_down() const { return down_; }

    /// From one success to the next probe, while a target recovers.
    static constexpr Duration kRecoverySpacing = std::chrono::seconds(1);

  private:
    enum class Doing { nothing, confirming, recovering };

    Judged first_failure(SteadyTime now);
    Judged confirm(Verdict verdict, SteadyTime now);
    Judged recover(Verdict verdict, SteadyTime now);
    [[nodiscard]] Judged ask_again(SteadyTime now) const;

    config::Confirmation rules_;
    Doing doing_ = Doing::nothing;
    bool down_ = false;
    /// The end of the failure that is being confirmed.
    SteadyTime began_;
    int asked_ = 0;
    int failed_ = 0;
    /// In a row, since the target failed.
    int succeeded_ = 0;
};

}  // namespace pilotlight::probes
