#include "alerting/receivers/pagerduty_options.h"

#include "alerting/receivers/registry.h"

namespace pilotlight::alerting {
namespace {

constexpr config::Option<RawPagerDutyLink> kLinkOptions[] = {
    config::option<&RawPagerDutyLink::href>("href", "", "where it leads"),
    config::option<&RawPagerDutyLink::text>("text", "", "what it says"),
};

constexpr config::Option<RawPagerDutyImage> kImageOptions[] = {
    config::option<&RawPagerDutyImage::src>("src", "", "the picture, by https"),
    config::option<&RawPagerDutyImage::alt>("alt", "", "what it shows"),
    config::option<&RawPagerDutyImage::href>("href", "", "where it leads"),
};

constexpr config::Option<RawPagerDuty> kPagerDutyOptions[] = {
    config::option<&RawPagerDuty::send_resolved>("send_resolved", "true",
                                                 "whether the incident is resolved with the end"),
    config::option<&RawPagerDuty::http_config>("http_config", "global.http_config",
                                               "how PagerDuty is reached"),
    config::option<&RawPagerDuty::routing_key>("routing_key", "",
                                               "the integration key of Events API v2"),
    config::option<&RawPagerDuty::routing_key_file>("routing_key_file", "", "a file that holds it"),
    config::option<&RawPagerDuty::service_key>("service_key", "",
                                               "the integration key of Events API v1, instead"),
    config::option<&RawPagerDuty::service_key_file>("service_key_file", "", "a file that holds it"),
    config::option<&RawPagerDuty::url>("url", "global.pagerduty_url", "where events are sent"),
    config::option<&RawPagerDuty::client>("client", "Pilotlight", "what sends the event"),
    config::option<&RawPagerDuty::client_url>("client_url", "external_url", "and where it is"),
    config::option<&RawPagerDuty::description>("description", "pagerduty.default.description",
                                               "the incident's title, 1024 characters"),
    config::option<&RawPagerDuty::severity>(
        "severity", "by the label severity",
        "critical, error, warning or info; without it the worst that fires, error where no label "
        "says"),
    config::option<&RawPagerDuty::source>("source", "instance, target or client",
                                          "what is affected"),
    config::option<&RawPagerDuty::class_>("class", "", "the kind of event"),
    config::option<&RawPagerDuty::component>("component", "", "the part that is affected"),
    config::option<&RawPagerDuty::group>("group", "", "a cluster of parts"),
    config::option<&RawPagerDuty::details>("details", "firing, resolved, num_firing, num_resolved",
                                           "texts beside the incident"),
    config::option<&RawPagerDuty::images>("images", "", "src, alt and href of each"),
    config::option<&RawPagerDuty::links>("links", "the runbooks", "href and text of each"),
    config::option<&RawPagerDuty::timeout>("timeout", "10s", "for one attempt"),
};

}  // namespace

RawPagerDuty read_pagerduty_options(const Node& node, ReadContext& context) {
    RawPagerDuty raw;
    config::read_options(node, kPagerDutyOptions, raw, context.errors);
    return raw;
}

RawPagerDutyLink read_pagerduty_link(const Node& node, ReadContext& context) {
    RawPagerDutyLink raw;
    config::read_options(node, kLinkOptions, raw, context.errors);
    return raw;
}

RawPagerDutyImage read_pagerduty_image(const Node& node, ReadContext& context) {
    RawPagerDutyImage raw;
    config::read_options(node, kImageOptions, raw, context.errors);
    return raw;
}

std::vector<config::OptionDoc> pagerduty_option_docs() {
    return config::docs_of(kPagerDutyOptions);
}

}  // namespace pilotlight::alerting
