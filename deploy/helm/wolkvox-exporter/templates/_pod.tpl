{{/* The template of the pods, the same for both kinds of state but for what concerns the state. */}}
{{- define "wolkvox-exporter.pod" -}}
metadata:
  labels:
    {{- include "wolkvox-exporter.selectorLabels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- $checksum := and .Values.restartOnChange .Values.operations.file }}
  {{- if or $checksum .Values.podAnnotations }}
  annotations:
    {{- if $checksum }}
    checksum/operations: {{ .Values.operations.file | sha256sum }}
    {{- end }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
spec:
  automountServiceAccountToken: false
  # Variables of Services are of no use here.
  enableServiceLinks: false
  # A stop takes 15 s at the most.
  terminationGracePeriodSeconds: 30
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.podSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: wolkvox-exporter
      image: {{ include "wolkvox-exporter.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      env:
        {{- include "wolkvox-exporter.env" . | trim | nindent 8 }}
      ports:
        - name: metrics
          containerPort: 10555
      {{- include "wolkvox-exporter.probes" . | trim | nindent 6 }}
      {{- with .Values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.securityContext }}
      securityContext:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with include "wolkvox-exporter.mounts" . }}
      volumeMounts:
        {{- . | trim | nindent 8 }}
      {{- end }}
  {{- with include "wolkvox-exporter.volumes" . }}
  volumes:
    {{- . | trim | nindent 4 }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml .Values.topologySpreadConstraints | nindent 4 }}
  {{- else if .Values.postgresql.enabled }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "wolkvox-exporter.selectorLabels" . | nindent 10 }}
  {{- end }}
{{- end }}

{{- define "wolkvox-exporter.env" -}}
{{- if include "wolkvox-exporter.hasFile" . -}}
- name: WOLKVOX_OPERATIONS_FILE
  value: /etc/wolkvox-exporter/operations
{{- else -}}
{{- with .Values.operation.server -}}
- name: WOLKVOX_SERVER
  value: {{ . | quote }}
{{- end }}
{{- with .Values.operation.baseUrl -}}
- name: WOLKVOX_BASE_URL
  value: {{ . | quote }}
{{- end }}
{{- with .Values.operation.name }}
- name: WOLKVOX_OPERATION
  value: {{ . | quote }}
{{- end }}
- name: WOLKVOX_TOKEN_FILE
  value: /etc/wolkvox-exporter/tokens/{{ if .Values.operation.existingSecret }}{{ .Values.operation.secretKey }}{{ else }}token{{ end }}
{{- end }}
- name: WOLKVOX_LISTEN_ADDRESS
  value: ":10555"
{{- if .Values.postgresql.enabled }}
# The image sets it. An empty value is not set.
- name: WOLKVOX_STATE_DIR
  value: ""
- name: WOLKVOX_STATE_URL_FILE
  value: /etc/wolkvox-exporter/postgresql/{{ if .Values.postgresql.existingSecret }}{{ .Values.postgresql.urlKey }}{{ else }}url{{ end }}
- name: WOLKVOX_STATE_LEASE
  value: {{ .Values.postgresql.lease | quote }}
{{- else }}
- name: WOLKVOX_STATE_DIR
  value: /var/lib/wolkvox-exporter
{{- end }}
{{- $address := default (ternary "$(POD_IP):10555" "" .Values.postgresql.enabled) .Values.advertiseAddress }}
{{- with $address }}
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: WOLKVOX_ADVERTISE_ADDRESS
  value: {{ . | quote }}
{{- end }}
{{- if .Values.lifecycle }}
- name: WOLKVOX_ENABLE_LIFECYCLE
  value: "true"
{{- end }}
{{- if .Values.webConfig.existingSecret }}
- name: WOLKVOX_WEB_CONFIG_FILE
  value: /etc/wolkvox-exporter/web/{{ .Values.webConfig.key }}
{{- end }}
{{- if .Values.ca.existingConfigMap }}
- name: WOLKVOX_CA_FILE
  value: /etc/wolkvox-exporter/ca/{{ .Values.ca.key }}
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Neither path depends on Wolkvox. A start may take a while: the states of all operations are opened, or the database is waited for. */}}
{{- define "wolkvox-exporter.probes" -}}
{{- $portAlone := and .Values.webConfig.existingSecret .Values.webConfig.authentication }}
{{- range $probe := list (list "startupProbe" "/-/healthy" 60) (list "livenessProbe" "/-/healthy" 3) (list "readinessProbe" "/-/ready" 3) }}
{{ index $probe 0 }}:
  {{- if $portAlone }}
  tcpSocket:
    port: metrics
  {{- else }}
  httpGet:
    path: {{ index $probe 1 }}
    port: metrics
    scheme: {{ include "wolkvox-exporter.scheme" $ }}
  {{- end }}
  periodSeconds: {{ eq (index $probe 0) "startupProbe" | ternary 5 10 }}
  timeoutSeconds: 5
  failureThreshold: {{ index $probe 2 }}
{{- end }}
{{- end }}

{{/* Whole directories: a mount with subPath is never updated. */}}
{{- define "wolkvox-exporter.mounts" -}}
{{- if not .Values.postgresql.enabled }}
- name: state
  mountPath: /var/lib/wolkvox-exporter
{{- end }}
{{- if include "wolkvox-exporter.hasFile" . }}
- name: operations
  mountPath: /etc/wolkvox-exporter/operations
  readOnly: true
{{- end }}
{{- if include "wolkvox-exporter.tokenSecret" . }}
- name: tokens
  mountPath: /etc/wolkvox-exporter/tokens
  readOnly: true
{{- end }}
{{- if .Values.postgresql.enabled }}
- name: postgresql
  mountPath: /etc/wolkvox-exporter/postgresql
  readOnly: true
{{- end }}
{{- if .Values.webConfig.existingSecret }}
- name: web
  mountPath: /etc/wolkvox-exporter/web
  readOnly: true
{{- end }}
{{- if .Values.ca.existingConfigMap }}
- name: ca
  mountPath: /etc/wolkvox-exporter/ca
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Secrets are readable for the group of the pod. */}}
{{- define "wolkvox-exporter.volumes" -}}
{{- if and (not .Values.postgresql.enabled) .Values.persistence.existingClaim }}
- name: state
  persistentVolumeClaim:
    claimName: {{ .Values.persistence.existingClaim }}
{{- end }}
{{- if include "wolkvox-exporter.hasFile" . }}
- name: operations
  configMap:
    name: {{ include "wolkvox-exporter.operationsConfigMap" . }}
{{- end }}
{{- with include "wolkvox-exporter.tokenSecret" . }}
- name: tokens
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- if .Values.postgresql.enabled }}
- name: postgresql
  secret:
    secretName: {{ include "wolkvox-exporter.postgresqlSecret" . }}
    defaultMode: 0440
{{- end }}
{{- with .Values.webConfig.existingSecret }}
- name: web
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- with .Values.ca.existingConfigMap }}
- name: ca
  configMap:
    name: {{ . }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
