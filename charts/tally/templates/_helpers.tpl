{{- define "tally.selector" -}}
app.kubernetes.io/name: tally
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tally.labels" -}}
{{ include "tally.selector" . }}
{{ include "tally.labelsBesides" . }}
{{- end }}

{{/* For what the selector must not find. */}}
{{- define "tally.labelsBesides" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* "tally" in the release "tally", else "NAME-tally". */}}
{{- define "tally.fullname" -}}
{{- if contains "tally" .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ printf "%s-tally" .Release.Name | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "tally.image" -}}
{{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}

{{- define "tally.runnerImage" -}}
{{ .Values.runner.image | default (printf "tally-runner:%s" .Chart.AppVersion) }}
{{- end }}

{{- define "tally.podSecurityContext" -}}
{runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, seccompProfile: {type: RuntimeDefault}}
{{- end }}

{{- define "tally.securityContext" -}}
{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
{{- end }}

{{/* The partial PodTemplateSpec that holds for every ScheduledJob, as JSON; nothing when nothing is set. */}}
{{- define "tally.jobTemplate" -}}
{{- $pod := dict }}
{{- range $field, $value := pick .Values.jobs "imagePullSecrets" "nodeSelector" "tolerations" }}
{{- if $value }}{{ $_ := set $pod $field $value }}{{ end }}
{{- end }}
{{- with .Values.jobs.podSecurityContext }}{{ $_ := set $pod "securityContext" . }}{{ end }}
{{- $container := dict }}
{{- range $field, $value := pick .Values.jobs "resources" "securityContext" }}
{{- if $value }}{{ $_ := set $container $field $value }}{{ end }}
{{- end }}
{{- if $container }}{{ $_ := set $pod "containers" (list (set $container "name" "job")) }}{{ end }}
{{- if $pod }}{{ dict "spec" $pod | toPrettyJson }}{{ end }}
{{- end }}
