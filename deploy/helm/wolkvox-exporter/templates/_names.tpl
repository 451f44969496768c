{{- define "wolkvox-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* At most 52 characters, since the names of boards and of a pod's revision are made from it. */}}
{{- define "wolkvox-exporter.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "wolkvox-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "wolkvox-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "wolkvox-exporter.labels" -}}
{{ include "wolkvox-exporter.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "wolkvox-exporter.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{/* "true" where operations stand in a file, else empty. */}}
{{- define "wolkvox-exporter.hasFile" -}}
{{- if or .Values.operations.file .Values.operations.existingConfigMap }}true{{ end }}
{{- end }}

{{- define "wolkvox-exporter.operationsConfigMap" -}}
{{- default (printf "%s-operations" (include "wolkvox-exporter.fullname" .)) .Values.operations.existingConfigMap }}
{{- end }}

{{/* The Secret with the token of one operation, or those of several. Empty where several have none. */}}
{{- define "wolkvox-exporter.tokenSecret" -}}
{{- $own := printf "%s-tokens" (include "wolkvox-exporter.fullname" .) }}
{{- if include "wolkvox-exporter.hasFile" . }}
{{- if .Values.operations.existingSecret }}{{ .Values.operations.existingSecret }}
{{- else if .Values.operations.tokens }}{{ $own }}
{{- end }}
{{- else }}{{ default $own .Values.operation.existingSecret }}
{{- end }}
{{- end }}

{{- define "wolkvox-exporter.postgresqlSecret" -}}
{{- default (printf "%s-postgresql" (include "wolkvox-exporter.fullname" .)) .Values.postgresql.existingSecret }}
{{- end }}

{{/* The scheme of the port: HTTP or HTTPS. */}}
{{- define "wolkvox-exporter.scheme" -}}
{{- if and .Values.webConfig.existingSecret .Values.webConfig.tls }}HTTPS{{ else }}HTTP{{ end }}
{{- end }}

{{/* ServiceMonitor or ScrapeConfig. */}}
{{- define "wolkvox-exporter.scrapeKind" -}}
{{- default (ternary "ScrapeConfig" "ServiceMonitor" .Values.postgresql.enabled) .Values.monitoring.scrape.kind }}
{{- end }}
