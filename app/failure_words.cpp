#include "app/failure_words.h"

#include "core/annotations.h"

namespace pilotlight::app {

std::string in_words(const exporters::FailureView& failure) {
    std::string words = failure.phase;
    for (const std::string* part : {&failure.reason, &failure.detail}) {
        if (part->empty()) continue;
        words += words.empty() ? "" : ": ";
        words += *part;
    }
    return words;
}

void add_evidence(Alert& alert, const TargetStates& states) {
    constexpr std::string_view kAnnotation = "evidence";
    const std::string_view target = alert.labels.get("target");
    if (alert.state == AlertState::resolved || target.empty()) return;
    const exporters::FailureView* failure = states.failure_of(target);
    if (failure == nullptr || !alert.annotations.get(kAnnotation).empty()) return;
    alert.annotations =
        AnnotationsBuilder(alert.annotations).set(kAnnotation, in_words(*failure)).build();
}

}  // namespace pilotlight::app
