#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alerting/alerting_view.h"
#include "alerting/dispatcher.h"
#include "alerting/journal.h"
#include "alerting/outside_alerts.h"
#include "exporters/alertmanager_api/desk.h"
#include "exporters/self_metrics.h"
#include "exporters/snapshot.h"

namespace pilotlight::app {

/// What people and other programs tell the engine about alerts: silences, and alerts that they have
/// found themselves. Keeps both in the journal and writes the audit trail.
/// Thread: the engine's. After any change the engine must send what is due and set its timer.
class AlertCommands {
  public:
    using Desk = exporters::alertmanager_api::AlertDesk;
    using Author = exporters::alertmanager_api::Author;
    using Done = alerting::Journal::Done;

    /// All outlive this.
    AlertCommands(alerting::Dispatcher& dispatcher, alerting::Journal& journal,
                  exporters::SelfMetrics& metrics);

    /// Before Dispatcher::restore(), so that it knows what was silenced.
    void restore_silences(const std::vector<alerting::Record>& records, WallTime now);
    /// After it. Senders have resolve_timeout to speak again.
    void restore_alerts(const std::vector<alerting::Record>& records, WallTime now);

    /// `done` is called once the change is on disk, or has failed to get there; not where the
    /// change is refused.
    Desk::Put put_silence(alerting::Silence wanted, const Author& author, WallTime now, Done done);
    Desk::Expire expire_silence(const std::string& id, const Author& author, WallTime now,
                                Done done);
    /// Why some were refused. `done` is called in any case.
    std::vector<std::string> post(const std::vector<alerting::PostedAlert>& posted, WallTime now,
                                  Done done);

    /// The same of an alert that Pilotlight itself raises; not counted as received.
    void raise(alerting::PostedAlert alert, WallTime now);
    /// Whether an alert from outside, or raised, with these labels fires.
    [[nodiscard]] bool fires(const Labels& labels) const {
        return outside_.find(labels) != nullptr;
    }

    /// Ends alerts from outside whose time has come.
    void tick(WallTime now);
    [[nodiscard]] std::optional<WallTime> next_wakeup() const { return outside_.next_wakeup(); }
    /// Nothing could be heard until now.
    void was_blind(WallTime now);
    /// Counts, warns of silences that end soon, forgets old ones. Every few seconds.
    void look(WallTime now);

    /// Labels of all alerts from outside.
    [[nodiscard]] std::vector<Labels> labels() const { return outside_.labels(); }
    [[nodiscard]] std::shared_ptr<const alerting::AlertingView> view(WallTime now) const;
    /// The silences that last or wait, the alerts from outside, and what mutes which alert;
    /// `labels_of` gives the labels under which the dispatcher knows a rule's alert.
    void show(exporters::Snapshot& snapshot,
              const std::function<Labels(const Labels&)>& labels_of) const;

  private:
    void take(alerting::OutsideAlerts::Change change, WallTime now, Done done);
    void keep(std::vector<alerting::Silence> silences, std::vector<alerting::Event> events,
              Done done);
    [[nodiscard]] std::vector<Labels> left_bare_by(const alerting::Silence& silence,
                                                   WallTime now) const;
    void warn_of_ends(WallTime now);

    alerting::Dispatcher& dispatcher_;
    alerting::Journal& journal_;
    exporters::SelfMetrics& metrics_;
    alerting::OutsideAlerts outside_;
    /// Silences whose near end was logged, with that end.
    std::map<std::string, WallTime> warned_;
};

}  // namespace pilotlight::app
