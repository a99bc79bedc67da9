#pragma once

#include <string>

#include "core/labels.h"
#include "core/template/functions.h"
#include "core/template/value.h"
#include "rules/promql/evaluate.h"
#include "series/store.h"

namespace pilotlight::rules {

/// What Prometheus's template functions look at. The functions made from it read it at each call:
/// it must outlive them, and `eval.at` is the time that `query` and `now` speak of.
struct TemplateContext {
    /// Null: `query` fails.
    const series::Store* store = nullptr;
    promql::EvalOptions eval;
    std::string external_url;
    Labels external_labels;
    /// Left for the text that is being expanded; set anew for each.
    int queries_left = 0;
};

/// Every function that a rule's labels and annotations may call besides Go's own:
/// query first label value strvalue sortByLabel args match reReplaceAll title toUpper toLower
/// safeHtml stripPort stripDomain humanize humanize1024 humanizeDuration humanizePercentage
/// humanizeTimestamp toTime toDuration parseDuration now graphLink tableLink urlQueryEscape
/// pathPrefix externalURL.
/// Source: Prometheus's template package.
[[nodiscard]] tmpl::Functions make_template_functions(TemplateContext& context);

/// The same, for parsing only: calls fail.
[[nodiscard]] const tmpl::Functions& template_function_names();

}  // namespace pilotlight::rules
