#include "rules/text.h"

#include <fmt/format.h>

#include "core/check.h"
#include "rules/template_functions.h"

namespace pilotlight::rules {

namespace {

/// In front of every text, on its first line, so that columns in run-time errors are
/// Prometheus's.
constexpr std::string_view kDeclarations =
    "{{$labels := .Labels}}"
    "{{$externalLabels := .ExternalLabels}}"
    "{{$externalURL := .ExternalURL}}"
    "{{$value := .Value}}";

/// What a text may cost: one rule's may not starve the others.
constexpr tmpl::ExecuteLimits kLimits = {.steps = 200'000, .output_bytes = 256 << 10, .depth = 100};
constexpr int kQueriesMax = 50;

/// As Go's errors name the dot.
const tmpl::Type kData = {.name =
                              "struct { Labels map[string]string; ExternalLabels "
                              "map[string]string; ExternalURL string; Value float64 }",
                          .methods = {}};

std::string template_name(const std::string& alert) {
    return "__alert_" + alert;
}

Result<tmpl::Template> parse_template(const std::string& source, const std::string& alert) {
    return tmpl::Template::parse(template_name(alert), fmt::format("{}{}", kDeclarations, source),
                                 template_function_names());
}

}  // namespace

Text plain_text(std::string name, std::string source) {
    return {std::move(name), std::move(source), true, {}};
}

Result<Text> TextParser::parse(std::string name, std::string source, const std::string& alert) {
    if (source.find("{{") == std::string::npos) {
        return plain_text(std::move(name), std::move(source));
    }
    if (const auto known = parsed_.find(source); known != parsed_.end()) {
        return Text{std::move(name), std::move(source), false, known->second};
    }
    auto parsed = parse_template(source, alert);
    if (!parsed) {
        Error error = std::move(parsed.error());
        if (error.where.line == 1) {
            error.where.column =
                std::max(1, error.where.column - static_cast<int>(kDeclarations.size()));
        }
        return std::unexpected(std::move(error));
    }
    parsed_.emplace(source, *parsed);
    return Text{std::move(name), std::move(source), false, std::move(*parsed)};
}

tmpl::Value text_data(const TemplateContext& context, const Labels& row, double value) {
    return tmpl::Value::record({{"Labels", tmpl::Value::from(row)},
                                {"ExternalLabels", tmpl::Value::from(context.external_labels)},
                                {"ExternalURL", tmpl::Value(context.external_url)},
                                {"Value", tmpl::Value(value)}})
        .with_type(&kData);
}

std::string expand(const Text& text, const std::string& alert, const tmpl::Value& data,
                   TemplateContext& context, const tmpl::Functions& functions) {
    if (text.plain) return text.source;
    context.queries_left = kQueriesMax;
    auto expanded = text.parsed.execute(data, functions, kLimits);
    if (expanded) return std::move(*expanded);
    // What was parsed may bear another alert's name, and errors say the name.
    const auto own = parse_template(text.source, alert);
    PILOT_CHECK(own.has_value());
    context.queries_left = kQueriesMax;
    expanded = own->execute(data, functions, kLimits);
    if (expanded) return std::move(*expanded);
    return fmt::format("<error expanding template: error executing template {}: {}>",
                       template_name(alert), expanded.error().message);
}

}  // namespace pilotlight::rules
