{{/* What values.schema.json can't say: which values need each other, in words that name the way out. */}}
{{- define "wolkvox-exporter.check" -}}
{{- $problems := list }}
{{- with .Values.operation }}
{{- $one := or .server .baseUrl .name .token .existingSecret }}
{{- if include "wolkvox-exporter.hasFile" $ }}
{{- if $one }}
{{- $problems = append $problems "operation and operations are both set: several operations stand in the file alone. Remove what is set below operation" }}
{{- end }}
{{- else }}
{{- if and .server .baseUrl }}
{{- $problems = append $problems "operation.server and operation.baseUrl are both set: set one of them" }}
{{- else if not (or .server .baseUrl) }}
{{- $problems = append $problems "operation.server is not set: the number of your Wolkvox server in quotes, such as \"0010\". For several operations set operations.file, or operations.existingConfigMap" }}
{{- end }}
{{- if and .token .existingSecret }}
{{- $problems = append $problems "operation.token and operation.existingSecret are both set: set one of them" }}
{{- else if not (or .token .existingSecret) }}
{{- $problems = append $problems "operation.existingSecret is not set: the name of a Secret with the wolkvox-token under the key \"token\". Make it by: kubectl create secret generic wolkvox-token --from-file=token=FILE" }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.operations }}
{{- if and .file .existingConfigMap }}
{{- $problems = append $problems "operations.file and operations.existingConfigMap are both set: set one of them" }}
{{- end }}
{{- if and .tokens .existingSecret }}
{{- $problems = append $problems "operations.tokens and operations.existingSecret are both set: set one of them" }}
{{- end }}
{{- if and (or .tokens .existingSecret) (not (include "wolkvox-exporter.hasFile" $)) }}
{{- $problems = append $problems "operations has tokens and no file: set operations.file or operations.existingConfigMap. The token of a single operation belongs to operation.existingSecret" }}
{{- end }}
{{- end }}
{{- with .Values.postgresql }}
{{- if and .enabled .url .existingSecret }}
{{- $problems = append $problems "postgresql.url and postgresql.existingSecret are both set: set one of them" }}
{{- else if and .enabled (not (or .url .existingSecret)) }}
{{- $problems = append $problems "postgresql.existingSecret is not set: the name of a Secret with the URL of the database under the key \"url\". Make it by: kubectl create secret generic wolkvox-postgresql --from-file=url=FILE" }}
{{- else if and (not .enabled) (or .url .existingSecret) }}
{{- $problems = append $problems "postgresql.url or postgresql.existingSecret is set, and postgresql.enabled is false: the state would be on a volume. Set postgresql.enabled to true" }}
{{- end }}
{{- if and .enabled (eq $.Values.monitoring.scrape.kind "ServiceMonitor") }}
{{- $problems = append $problems "monitoring.scrape.kind is ServiceMonitor, which can't follow operations from one replica to another: leave it empty with PostgreSQL" }}
{{- end }}
{{- end }}
{{- with .Values.webConfig }}
{{- if and (not .existingSecret) (or .tls .authentication) }}
{{- $problems = append $problems "webConfig.tls or webConfig.authentication is set without webConfig.existingSecret: they say what is in that Secret. Name it" }}
{{- end }}
{{- end }}
{{- range .Values.extraEnv }}
{{- if has .name (list "WOLKVOX_STATE_DIR" "WOLKVOX_STATE_URL" "WOLKVOX_STATE_URL_FILE" "WOLKVOX_STATE_LEASE" "WOLKVOX_ADVERTISE_ADDRESS" "WOLKVOX_LISTEN_ADDRESS" "WOLKVOX_OPERATIONS_FILE" "WOLKVOX_SERVER" "WOLKVOX_BASE_URL" "WOLKVOX_OPERATION" "WOLKVOX_TOKEN" "WOLKVOX_TOKEN_FILE" "WOLKVOX_CA_FILE" "WOLKVOX_WEB_CONFIG_FILE" "WOLKVOX_ENABLE_LIFECYCLE") }}
{{- $problems = append $problems (printf "extraEnv has %s, which the chart sets by itself: use the value that is for it" .name) }}
{{- end }}
{{- end }}
{{- if not (contains "wolkvox" .Values.monitoring.scrape.jobName) }}
{{- $problems = append $problems "monitoring.scrape.jobName has no \"wolkvox\" in it: the rules on an exporter that is gone would find nothing" }}
{{- end }}
{{- with .Values.operation.server }}
{{- if not (regexMatch "^(wv)?[0-9A-Za-z]{1,12}$" .) }}
{{- $problems = append $problems "operation.server is no number of a server: it is 0010 where you log in at wv0010.wolkvox.com" }}
{{- end }}
{{- end }}
{{- with .Values.postgresql.url }}
{{- if not (regexMatch "^postgres(ql)?://" .) }}
{{- $problems = append $problems "postgresql.url must begin with postgres://, as in postgres://USER:PASSWORD@HOST:5432/DATABASE" }}
{{- end }}
{{- end }}
{{- $scrape := .Values.monitoring.scrape }}
{{- range $name, $duration := dict "postgresql.lease" .Values.postgresql.lease "monitoring.scrape.interval" $scrape.interval "monitoring.scrape.refreshInterval" $scrape.refreshInterval "monitoring.scrape.timeout" (default "1s" $scrape.timeout) }}
{{- if not (regexMatch "^([0-9]+(ms|s|m|h|d))+$" $duration) }}
{{- $problems = append $problems (printf "%s is %q, which is not a duration; write it with a unit, such as 30s" $name $duration) }}
{{- end }}
{{- end }}
{{- with $problems }}
{{- printf "\n\nThe values can't be used:\n- %s\n" (join "\n- " .) | fail }}
{{- end }}
{{- end }}
