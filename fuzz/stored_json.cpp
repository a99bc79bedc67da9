// The journal's rows: a damaged one is left out, and what is read is written alike.
#include "alerting/notification.h"
#include "alerting/outside_alerts.h"
#include "alerting/receivers/slack_memory.h"
#include "alerting/silence.h"
#include "app/alert_rows.h"
#include "app/heartbeat_record.h"
#include "core/check.h"

namespace pilotlight::fuzz {

namespace {

/// What `read` makes of a text is the same once it has been written and read again.
template <class Read, class Write>
void keeps(std::string_view input, Read read, Write write) {
    const auto value = read(input);
    if (!value) return;
    const std::string text = write(*value);
    const auto again = read(text);
    PILOT_CHECK(again);
    PILOT_CHECK(write(*again) == text);
}

}  // namespace

void stored_json(std::string_view input) {
    keeps(input, app::alert_record_from,
          [](const rules::AlertRecord& record) { return app::to_row(record).record; });
    keeps(input, app::heartbeat_record_from,
          [](const app::HeartbeatRecord& record) { return app::to_json(record); });
    keeps(input, alerting::notification_from_json,
          [](const alerting::Notification& value) { return alerting::to_json(value); });
    keeps(input, alerting::outside_alert_from_json,
          [](const alerting::OutsideAlert& value) { return alerting::to_json(value); });
    keeps(input, alerting::silence_from_json,
          [](const alerting::Silence& value) { return alerting::to_json(value); });
    keeps(input, alerting::SlackMemory::parse,
          [](const alerting::SlackMemory& value) { return value.to_text(); });
}

}  // namespace pilotlight::fuzz
