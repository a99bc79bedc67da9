#include "alerting/reference.h"

#include <fmt/format.h>

#include "alerting/receivers/registry.h"
#include "alerting/routing_config.h"
#include "config/option_table.h"

namespace pilotlight::alerting {
namespace {

constexpr std::string_view kOpening = R"(# The alerting file

This page is generated from the tables that read the file: `pilotlight docs alerting`.

`alerting_file` names a file in Alertmanager's format; what Alertmanager describes there holds here,
under the same names and with the same defaults. Every secret also has a `_file` form, read anew at
each reload. Options whose type is `template` are Go templates over Alertmanager's data
(`.Status`, `.Alerts.Firing`, `.CommonLabels`, ...); the templates that Pilotlight brings have
Alertmanager's names (`slack.default.title`, ...) and may be defined anew in `templates`.

What differs:

- A receiver kind that Pilotlight has not is refused by name.
- What labels and annotations say cannot break out of a message: it is escaped for where it goes
  before a template sees it, and mentions in it wake nobody. Control characters, and marks that turn
  round the direction of writing, are dropped, but for webhooks and Alertmanagers, which programs
  read; what is no URL becomes no link.
- Who was told that something fires is told of its end, though it is silenced, inhibited or routed
  elsewhere by then. What began and ended wholly under a silence, an inhibition or a mute time is
  told to nobody: so it was wished. What could not be told because the receiver was away is told
  afterwards, once, with both its times.
- A message whose template fails goes out plainly, with the error in it.
- Messages keep to their service's limits of size and pace; what is too long is cut, and a
  Retry-After is kept.
- `slack_configs` with a bot's token keep one message per group, which is edited as the group
  changes, with its timeline in the thread; `update_message: false` posts each time. What fires anew
  and what is repeated also shows in the channel, since edits wake nobody. When Slack refuses an
  edit, a new message is posted. With a token the message is Block Kit, unless options of
  attachments are given.
- `email_configs` send text and HTML; the mails of a group are one thread.
- `alertmanager_configs` is Pilotlight's own: it forwards to an Alertmanager cluster as a Prometheus
  does. Every member is told; one that accepts is enough. What fires is told again each
  `resend_delay`, with an end four such delays ahead, what ended for 15 minutes more.
)";

}  // namespace

std::string alerting_reference() {
    std::string page(kOpening);
    for (const SectionDoc& section : alerting_option_docs()) {
        page += fmt::format("\n## {}\n", section.name);
        for (const ReceiverKind& kind : receiver_kinds()) {
            if (kind.config_key == section.name) page += fmt::format("\n{}.\n", kind.description);
        }
        page += config::option_table(section.options);
    }
    return page;
}

}  // namespace pilotlight::alerting
