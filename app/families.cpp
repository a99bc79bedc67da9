#include "app/families.h"

#include "probes/catalogue.h"

namespace pilotlight::app {

std::optional<exporters::Description> describe_family(std::string_view name) {
    if (const probes::CatalogueEntry* entry = probes::find_metric(name)) {
        return exporters::Description{entry->type, entry->help};
    }
    if (name == "ALERTS") {
        return exporters::Description{MetricType::gauge, "1 for each pending or firing alert."};
    }
    if (name == "ALERTS_FOR_STATE") {
        return exporters::Description{
            MetricType::gauge,
            "When the alert's condition was first seen true, in seconds since the Unix epoch."};
    }
    return std::nullopt;
}

}  // namespace pilotlight::app
