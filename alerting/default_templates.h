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
*{{ template "__alert_title" . }}*
{{- with .Annotations.description }}
{{ . }}{{ end }}
{{- template "__seen" . }}
_{{ template "__alert_span" . }}_
{{- if ne .Status "resolved" }}{{ with .Annotations.runbook_url }}
Runbook: {{ . }}{{ end }}{{ end }}
{{ end }}
{{- define "__alert_title" }}
{{- with .Annotations.summary }}{{ . }}{{ else }}{{ .Labels.alertname }}{{ end }}{{ end }}
{{- define "__alert_span" }}
{{- if eq .Status "resolved" -}}
from {{ .StartsAt.Format "2006-01-02 15:04:05 MST" }} to {{ .EndsAt.Format "15:04:05 MST" }}
{{- " (" }}{{ (.EndsAt.Sub .StartsAt).Seconds | humanizeDuration }})
{{- else -}}
since {{ .StartsAt.Format "2006-01-02 15:04:05 MST" }}
{{- end }}{{ end }}
{{- define "__seen" }}
{{- if ne .Status "resolved" }}{{ with .Annotations.evidence }}
Seen: {{ . }}{{ end }}{{ end }}{{ end }}
{{- define "__missed" }}
{{- if .Missed }}It was over before anybody could be told.{{ end }}{{ end }}
{{- define "__plain_text" }}
{{- with .Missed }}It was over before anybody could be told.
{{ end }}
{{- range .Alerts }}{{ .Status | toUpper }}: {{ template "__alert_title" . }}
{{- with .Annotations.description }}
{{ . }}{{ end }}
{{- template "__seen" . }}
{{ template "__alert_span" . }}
{{- with .Annotations.runbook_url }}
Runbook: {{ . }}{{ end }}

{{ end }}{{ end }}

{{- define "pagerduty.default.description" }}{{ template "__subject" . }}{{ end }}
{{- define "pagerduty.default.client" }}{{ template "__alertmanager" . }}{{ end }}
{{- define "pagerduty.default.clientURL" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{- define "pagerduty.default.instances" }}{{ template "__text_alert_list" . }}{{ end }}

{{- define "discord.default.title" }}{{ template "__subject" . }}{{ end }}
{{- define "discord.default.message" }}{{ template "__markdown_alerts" . }}{{ end }}
{{- define "msteamsv2.default.title" }}{{ template "__subject" . }}{{ end }}
{{- define "msteamsv2.default.text" }}{{ template "__markdown_alerts" . }}{{ end }}
{{- define "__markdown_alerts" }}
{{- with .Missed }}It was over before anybody could be told.

{{ end }}
{{- range .Alerts }}**{{ template "__alert_title" . }}**
{{- with .Annotations.description }}

{{ . }}{{ end }}
{{- if ne .Status "resolved" }}{{ with .Annotations.evidence }}

Seen: {{ . }}{{ end }}{{ end }}

*{{ template "__alert_span" . }}*
{{- if ne .Status "resolved" }}{{ with .Annotations.runbook_url }}

Runbook: {{ . }}{{ end }}{{ end }}

{{ end }}{{ end }}

{{- define "telegram.default.message" }}<b>{{ template "__subject" . }}</b>
{{- if .Missed }}
It was over before anybody could be told.{{ end }}
{{ range .Alerts }}
<b>{{ template "__alert_title" . }}</b>
{{- with .Annotations.description }}
{{ . }}{{ end }}
{{- template "__seen" . }}
<i>{{ template "__alert_span" . }}</i>
{{- if ne .Status "resolved" }}{{ with .Annotations.runbook_url }}
Runbook: {{ . }}{{ end }}{{ end }}
{{ end }}{{ end }}

{{- define "opsgenie.default.message" }}{{ template "__subject" . }}{{ end }}
{{- define "opsgenie.default.description" }}
{{- .CommonAnnotations.SortedPairs.Values | join " " }}
{{ if gt (len .Alerts.Firing) 0 -}}
Alerts Firing:
{{ template "__text_alert_list" .Alerts.Firing }}
{{- end }}
{{- if gt (len .Alerts.Resolved) 0 }}
Alerts Resolved:
{{ template "__text_alert_list" .Alerts.Resolved }}
{{- end }}{{ end }}
{{- define "opsgenie.default.source" }}
{{- with .ExternalURL }}{{ . }}{{ else }}{{ template "__alertmanager" . }}{{ end }}{{ end }}

{{- define "email.default.subject" }}{{ template "__subject" . }}{{ end }}
{{- define "email.default.text" }}{{ template "__subject" . }}

{{ template "__plain_text" . }}
{{- with .ExternalURL }}{{ . }}
{{ end }}{{ end }}
{{- define "email.default.html" -}}
<!DOCTYPE html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ template "__subject" . }}</title></head>
<body style="margin:0;padding:16px;background:#f2f3f5;color:#1c1f23;
{{- /**/ -}}
font:15px/1.5 system-ui,'Segoe UI',Helvetica,Arial,sans-serif">
<div style="max-width:640px;margin:0 auto;background:#fff;border-radius:6px;overflow:hidden">
<div style="padding:14px 18px;color:#fff;background:
{{- if eq .Status "firing" }}#c0392b{{ else }}#1e8449{{ end }}">
<strong>{{ template "__subject" . }}</strong></div>
{{ if .Missed }}<p style="margin:0;padding:10px 18px">{{ template "__missed" . }}</p>
{{ end }}
{{- range .Alerts }}<div style="padding:12px 18px;border-top:1px solid #e3e5e8">
<div style="font-weight:600;color:{{ if eq .Status "firing" }}#c0392b{{ else }}#1e8449{{ end }}">
{{- template "__alert_title" . }}</div>
{{ with .Annotations.description }}<div style="white-space:pre-wrap">{{ . }}</div>
{{ end -}}
{{ if ne .Status "resolved" }}{{ with .Annotations.evidence -}}
<div style="white-space:pre-wrap">Seen: {{ . }}</div>
{{ end }}{{ end -}}
<div style="color:#5f6670">{{ .Status }} {{ template "__alert_span" . }}</div>
<table style="border-collapse:collapse;font-size:13px">
{{- range .Labels.SortedPairs }}
<tr><td style="padding-right:12px;color:#5f6670">{{ .Name }}</td><td>{{ .Value }}</td></tr>
{{- end }}</table>
{{ with .Annotations.runbook_url }}{{ if match "^https?://" . }}<a href="{{ . }}">Runbook</a>
{{ else }}Runbook: {{ . }}
{{ end }}{{ end -}}
{{ if match "^https?://" .GeneratorURL }}<a href="{{ .GeneratorURL }}">Source</a>
{{ end -}}
</div>
{{ end -}}
<div style="padding:12px 18px;border-top:1px solid #e3e5e8;color:#5f6670;font-size:13px">
{{- if match "^https?://" .ExternalURL }}<a href="{{ .ExternalURL }}">Pilotlight</a>
{{- else }}Pilotlight{{ end }}</div>
</div></body></html>
{{ end }}
)";

}  // namespace pilotlight::alerting
