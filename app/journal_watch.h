#pragma once

#include <string>

#include "alerting/journal.h"
#include "alerting/outbox.h"
#include "core/labels.h"
#include "core/time.h"
#include "exporters/self_metrics.h"

namespace pilotlight::app {

/// Looks now and then at how the journal does, and says what people have to know: in the log, as a
/// metric, and as a notification where what was kept is lost. Thread: the engine loop's.
class JournalWatch {
  public:
    /// Both outlive this.
    JournalWatch(alerting::Journal& journal, exporters::SelfMetrics& metrics)
        : journal_(journal), metrics_(metrics) {}

    /// `external`: labels of what is told; `external_url`: of the notification.
    void look(alerting::Outbox& outbox, const Labels& external, const std::string& external_url,
              WallTime now);

  private:
    alerting::Journal& journal_;
    exporters::SelfMetrics& metrics_;
    bool was_healthy_ = true;
};

}  // namespace pilotlight::app
