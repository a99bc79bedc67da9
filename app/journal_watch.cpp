#include "app/journal_watch.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace pilotlight::app {
namespace {

alerting::NotifiedAlert loss_of_journal(const std::string& loss, const Labels& external,
                                        WallTime now) {
    alerting::NotifiedAlert alert;
    LabelsBuilder labels(external);
    labels.set(kAlertName, "JournalSetAside");
    labels.set("severity", "critical");
    alert.labels = labels.build();
    alert.annotations = Labels{
        {"summary", "Pilotlight has lost its journal and begun a new one"},
        {"description",
         fmt::format("The journal {}. Pilotlight watches on, but has forgotten what it had told, "
                     "and whom: what still fires is told again, the end of what ended meanwhile is "
                     "not, so close by hand what is over; silences are gone.",
                     loss)},
        {"runbook_url", "docs/runbooks/JournalUnhealthy.md"}};
    alert.starts_at = now;
    alert.value = 1;
    return alert;
}

}  // namespace

void JournalWatch::look(alerting::Outbox& outbox, const Labels& external,
                        const std::string& external_url, WallTime now) {
    for (const Error& warning : journal_.take_warnings()) {
        spdlog::warn("{}", warning.to_string());
    }
    for (const std::string& loss : journal_.take_losses()) {
        outbox.announce(loss_of_journal(loss, external, now), external_url);
    }
    const alerting::Journal::Stats stats = journal_.stats();
    const bool healthy = stats.last_error.empty();
    metrics_.set_journal(healthy, stats.failures);
    metrics_.set_limit_reached("journal_backlog", stats.dropped);
    if (healthy == was_healthy_) return;
    was_healthy_ = healthy;
    if (healthy) {
        spdlog::info("the journal can be written again; all that waited for it is on disk");
    } else {
        spdlog::error(
            "the journal cannot be written ({}): notifications are sent from memory, and what is "
            "decided now is forgotten by a restart",
            stats.last_error);
    }
}

}  // namespace pilotlight::app
