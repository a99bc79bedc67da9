// An annotation of a rule, and a message of a receiver: parsed, and executed within its limits.
#include "core/template/template.h"

#include "alerting/message_template.h"
#include "core/check.h"
#include "fuzz/small_store.h"
#include "rules/template_functions.h"
#include "rules/text.h"

namespace pilotlight::fuzz {

namespace {

void as_annotation(std::string_view input) {
    const auto text = rules::TextParser().parse("summary", std::string(input), "Fuzzed");
    if (!text) {
        PILOT_CHECK(!text.error().message.empty());
        return;
    }
    rules::TemplateContext context;
    context.store = &small_store();
    context.eval.at = kNow;
    context.eval.sample_limit = 20'000;
    context.external_url = "https://pilotlight.example/base";
    context.external_labels = {{"region", "us-east-1"}};
    const auto functions = rules::make_template_functions(context);
    const Labels row{{"__name__", "up"}, {"instance", "i:9090"}, {"job", "j"}};
    const auto data = rules::text_data(context, row, 1234.5678);
    const std::string expanded = rules::expand(*text, "Fuzzed", data, context, functions);
    // What is said of an error may come on top of the limit.
    if (!text->plain) PILOT_CHECK(expanded.size() < 2 * tmpl::ExecuteLimits{}.output_bytes);
}

void as_message(std::string_view input) {
    const auto templates = alerting::MessageTemplates::defaults();
    const auto text = alerting::MessageText::parse(std::string(input), *templates, {});
    if (!text) return;
    alerting::Notification notification;
    notification.to = {.receiver = "team", .integration = "slack"};
    notification.group_labels = {{"alertname", "HostDown"}};
    alerting::NotifiedAlert alert;
    alert.labels = {{"alertname", "HostDown"}, {"instance", "i:9090"}};
    alert.annotations = {{"summary", "down & <out>"}};
    alert.starts_at = kNow;
    notification.alerts = {alert};
    const auto rendered =
        text->render(alerting::message_data(notification), alerting::message_functions(kNow));
    PILOT_CHECK(rendered || !rendered.error().message.empty());
}

}  // namespace

void templates(std::string_view input) {
    as_annotation(input);
    as_message(input);
}

}  // namespace pilotlight::fuzz
