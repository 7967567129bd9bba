{{/*
The release's name for its resources. At most 37 characters, so that a StatefulSet's name with "-feature-worker" has at most
52: its pods carry it as a label with a hash of 11 behind it, and labels end at 63. What is cut keeps a digest, so that two
long names stay two.
*/}}
{{- define "ordercast.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := .Release.Name -}}
{{- if .Values.fullnameOverride -}}
{{- $full = .Values.fullnameOverride -}}
{{- else if not (contains $name .Release.Name) -}}
{{- $full = printf "%s-%s" .Release.Name $name -}}
{{- end -}}
{{- if gt (len $full) 37 -}}
{{- printf "%s-%s" ($full | trunc 28 | trimSuffix "-") (sha256sum $full | trunc 8) -}}
{{- else -}}
{{- $full -}}
{{- end -}}
{{- end -}}

{{/* Labels that never change: those of the release, and with `component` those of one part. Takes (root, component). */}}
{{- define "ordercast.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{/* All labels. Takes (root, component). */}}
{{- define "ordercast.labels" -}}
{{ include "ordercast.selector" . }}
app.kubernetes.io/part-of: ordercast
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{/* The image of a name. Takes (root, image). */}}
{{- define "ordercast.image" -}}
{{- with .root.Values.image -}}
{{- with .registry }}{{ trimSuffix "/" . }}/{{ end }}{{ .repository }}/{{ $.image }}:{{ .tag | default $.root.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "ordercast.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "ordercast.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end -}}

{{- define "ordercast.artifactsClaim" -}}
{{ .Values.artifacts.existingClaim | default (printf "%s-artifacts" (include "ordercast.fullname" .)) }}
{{- end -}}
