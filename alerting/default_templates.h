#pragma once

#include <string_view>

namespace pilotlight::alerting {

/// The templates that every message starts from, under Alertmanager's names. The titles read as
/// Alertmanager's; Slack's text tells what happened, since when, and where the runbook is, where
/// Alertmanager's says nothing.
inline constexpr std::string_view kDefaultTemplates = R"(
{{- define "__alertmanager" }}Pilotlight{{ end }}
{{- define "__alertmanagerURL" }}{{ .ExternalURL }}{{ end }}
{{- define "__subject" }}[{{ .Status | toUpper }}
{{- if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ end }}]
{{- with .GroupLabels.SortedPairs.Values }} {{ join " " . }}{{ end }}
{{- if gt (len .CommonLabels) (len .GroupLabels) }} (
{{- (.CommonLabels.Remove .GroupLabels.Names).Values | join " " }}){{ end }}
{{- end }}
{{- define "__description" }}{{ end }}
{{- define "__text_alert_list" }}{{ range . }}Labels:
{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}Annotations:
{{ range .Annotations.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}Source: {{ .GeneratorURL }}
{{ end }}{{ end }}

{{- define "slack.default.title" }}{{ template "__subject" . }}{{ end }}
{{- define "slack.default.username" }}{{ template "__alertmanager" . }}{{ end }}
{{- define "slack.default.fallback" }}{{ template "slack.default.title" . }}
{{- with .ExternalURL }} | {{ . }}{{ end }}{{ end }}
{{- define "slack.default.callbackid" }}{{ end }}
{{- define "slack.default.pretext" }}
{{- if .Missed }}It was over before anybody could be told.{{ end }}{{ end }}
{{- define "slack.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{- define "slack.default.iconemoji" }}{{ end }}
{{- define "slack.default.iconurl" }}{{ end }}
{{- define "slack.default.footer" }}{{ end }}
{{- define "slack.default.text" }}
{{- range $i, $alert := .Alerts }}{{ if $i }}
{{ end }}{{ template "__slack_alert" $alert }}{{ end }}{{ end }}
{{- define "__slack_alert" -}}
*{{ with .Annotations.summary }}{{ . }}{{ else }}{{ .Labels.alertname }}{{ end }}*
{{- with .Annotations.description }}
{{ . }}{{ end }}
{{- if eq .Status "resolved" }}
_from {{ .StartsAt.Format "2006-01-02 15:04:05 MST" }} to {{ .EndsAt.Format "15:04:05 MST" }}
{{- " (" }}{{ (.EndsAt.Sub .StartsAt).Seconds | humanizeDuration }})_
{{- else }}
_since {{ .StartsAt.Format "2006-01-02 15:04:05 MST" }}_
{{- with .Annotations.runbook_url }}
Runbook: {{ . }}{{ end }}{{ end }}
{{ end }}

{{- define "pagerduty.default.description" }}{{ template "__subject" . }}{{ end }}
{{- define "pagerduty.default.client" }}{{ template "__alertmanager" . }}{{ end }}
{{- define "pagerduty.default.clientURL" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{- define "pagerduty.default.instances" }}{{ template "__text_alert_list" . }}{{ end }}
)";

}  // namespace pilotlight::alerting
