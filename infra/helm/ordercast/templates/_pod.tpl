{{/* What every pod has: no rights, no token, no variables that Kubernetes makes out of the names of Services (a Service
called "ordercast" would set ORDERCAST_PORT). Takes the root. */}}
{{- define "ordercast.podBase" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  seccompProfile: { type: RuntimeDefault }
  {{- with .Values.podSecurityContext }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "ordercast.containerBase" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end -}}

{{/* The roles of infra/migrations/rights.py. */}}
{{- define "ordercast.databaseRoles" -}}
[order_api, relay, feature_worker, trainer, predictor, reader]
{{- end -}}

{{/*
The database's URL as a file named like its variable; settings are read from that folder, too. Of a service its own role's, if
there are roles; the migrations get the owner's and those of all roles, which they make. Takes (root, component).
*/}}
{{- define "ordercast.databaseVolume" -}}
{{- $component := .component -}}
{{- with .root.Values.database -}}
- name: database
{{- if and .rolesSecret (eq $component "migrations") }}
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ .existingSecret }}
          items:
            - { key: {{ .key | quote }}, path: ordercast_database_url }
      - secret:
          name: {{ .rolesSecret }}
          items:
            {{- range include "ordercast.databaseRoles" . | fromYamlArray }}
            - { key: ordercast_{{ . }}_database_url, path: ordercast_{{ . }}_database_url }
            {{- end }}
{{- else }}
  secret:
    secretName: {{ .rolesSecret | default .existingSecret }}
    defaultMode: 0440
    items:
      {{- $key := empty .rolesSecret | ternary .key (printf "ordercast_%s_database_url" (replace "-" "_" $component)) }}
      - { key: {{ $key | quote }}, path: ordercast_database_url }
{{- end }}
{{- end }}
{{- end -}}

{{/* How PostgreSQL is spoken to (ordercast/database_tls.py). Takes the root. */}}
{{- define "ordercast.databaseEnv" -}}
- { name: ORDERCAST_SECRETS_DIR, value: /run/secrets/ordercast }
{{- with .Values.database }}
{{- with .sslmode }}
- { name: ORDERCAST_DATABASE_SSLMODE, value: {{ . }} }
{{- end }}
{{- if .caSecret.name }}
- name: ORDERCAST_DATABASE_CA
  valueFrom: { secretKeyRef: { name: {{ .caSecret.name }}, key: {{ .caSecret.key | quote }} } }
{{- end }}
{{- end }}
{{- end -}}

{{/*
Where Kafka is, and how it is spoken to (ordercast/kafka_security.py): as the service's own user, where it has one. Takes (root, key),
without a key for the migrations.
*/}}
{{- define "ordercast.kafkaEnv" -}}
- { name: ORDERCAST_KAFKA_BOOTSTRAP, value: {{ .root.Values.kafka.bootstrap | quote }} }
{{- $path := "kafka.security" }}
{{- $user := .root.Values.kafka.security }}
{{- with .key }}
{{- $own := get $user.users . }}
{{- if or $own.username $own.passwordSecret.name }}
{{- $path = printf "kafka.security.users.%s" . }}
{{- $user = $own }}
{{- end }}
{{- end }}
{{- with .root.Values.kafka.security }}
{{- if ne .protocol "PLAINTEXT" }}
- { name: ORDERCAST_KAFKA_SECURITY_PROTOCOL, value: {{ .protocol }} }
{{- if hasPrefix "SASL_" .protocol }}
- { name: ORDERCAST_KAFKA_SASL_MECHANISM, value: {{ .mechanism }} }
- { name: ORDERCAST_KAFKA_USERNAME, value: {{ required (printf "%s.username" $path) $user.username | quote }} }
- name: ORDERCAST_KAFKA_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ required (printf "%s.passwordSecret.name" $path) $user.passwordSecret.name }}
      key: {{ $user.passwordSecret.key | quote }}
{{- end }}
{{- if and (hasSuffix "SSL" .protocol) .caSecret.name }}
- name: ORDERCAST_KAFKA_CA
  valueFrom: { secretKeyRef: { name: {{ .caSecret.name }}, key: {{ .caSecret.key | quote }} } }
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/*
Where the services answer that a component asks. One without clients is asked how it is, which an operations port tells where
there is one; of the others their API is wanted, which an ingress has for all. Takes (root, spec).
*/}}
{{- define "ordercast.askedEnv" -}}
{{- $components := include "ordercast.components" .root | fromYaml -}}
{{- range .spec.asks -}}
{{- $asked := get $components . -}}
{{- $port := empty $asked.public | ternary ($.root.Values.operationsPort | default $asked.port) $asked.port | int }}
- name: ORDERCAST_{{ . | replace "-" "_" | upper }}_URL
  value: http://{{ include "ordercast.fullname" $.root }}-{{ . }}:{{ $port }}
{{- if $asked.public }}
- name: ORDERCAST_EACH_{{ . | replace "-" "_" | upper }}_URL # pod by pod, for health, Flow and which version each serves
  value: http://{{ include "ordercast.fullname" $.root }}-{{ . }}-each:{{ $port }}
{{- end }}
{{- $ingress := $.root.Values.ingress }}
{{- if and $asked.public $ingress.enabled }}
- name: ORDERCAST_PUBLIC_{{ . | replace "-" "_" | upper }}_URL
  value: {{ empty $ingress.tlsSecret | ternary "http" "https" }}://{{ $ingress.host }}
{{- end }}
{{- end }}
{{- $labels := include "ordercast.selector" (dict "root" .root "component" "SERVICE-NAME") | fromYaml }}
{{- $selector := list }}
{{- range $name, $value := $labels }}{{ $selector = append $selector (printf "%s=%s" $name $value) }}{{ end }}
- name: ORDERCAST_RESTART_COMMAND # by labels: some are a Deployment, some a StatefulSet
  value: kubectl -n {{ .root.Release.Namespace }} rollout restart deployment,statefulset -l {{ join "," $selector }}
{{- end -}}

{{/* A service's variables. Takes (root, component, spec, values). */}}
{{- define "ordercast.env" -}}
{{- if .spec.asks }}
{{- include "ordercast.askedEnv" . | trim }}
{{- else }}
{{- include "ordercast.databaseEnv" .root }}
{{ include "ordercast.kafkaEnv" (dict "root" .root "key" .spec.key) }}
{{- end }}
{{- if .spec.partitions }}
- { name: ORDERCAST_PARTITIONS, value: {{ .root.Values.partitions | quote }} }
{{- end }}
- { name: ORDERCAST_HOST, value: 0.0.0.0 }
- { name: ORDERCAST_PORT, value: {{ .spec.port | quote }} }
- { name: ORDERCAST_LOG_FORMAT, value: {{ .root.Values.logFormat }} }
{{- with .spec.identity }}
- name: {{ . }}
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
{{- end }}
{{- if has .component (list "order-api" "predictor") }}
{{- $auto := dig "autoscaling" "enabled" false .values }}
- name: ORDERCAST_RATE_LIMIT_PROCESSES # at most: each pod allows its part of what callers may
  value: {{ $auto | ternary .values.autoscaling.maxReplicas .values.replicas | int | quote }}
{{- end }}
{{- if eq .component "feature-worker" }}
- { name: ORDERCAST_WORKER_GROUP, value: {{ .values.group | quote }} }
{{- end }}
{{- with .root.Values.operationsPort }}
- { name: ORDERCAST_OPERATIONS_PORT, value: {{ . | quote }} }
{{- end }}
{{- if eq .component "console" }}
{{- with .root.Values.ingress }}
- { name: ORDERCAST_SECURE_COOKIES, value: {{ and .enabled .consoleHost .tlsSecret | empty | not | quote }} }
{{- end }}
{{- end }}
{{- if eq .component "trainer" }}
- name: ORDERCAST_TRAINER_THREADS # the cores of the node are not this container's
  valueFrom: { resourceFieldRef: { resource: limits.cpu } }
{{- range $name, $value := .values.retrain }}
{{- if not (kindIs "invalid" $value) }}
{{- /* A whole number of a values file is a float to Helm: a million would be written as 1e+06. */}}
{{- $written := eq $name "afterRows" | ternary (int64 $value) $value }}
- { name: ORDERCAST_RETRAIN_{{ snakecase $name | upper }}, value: {{ $written | toString | quote }} }
{{- end }}
{{- end }}
{{- end }}
{{- range .spec.tokens }}
- { name: ORDERCAST_TOKEN_{{ upper . }}_KEY_FILE, value: /run/secrets/tokens/{{ . }}.pem }
{{- end }}
{{- if and .spec.models .root.Values.models.keysSecret }}
- { name: ORDERCAST_MODEL_{{ upper .spec.models }}_KEY_FILE, value: /run/secrets/models/{{ .spec.models }}.pem }
{{- end }}
{{- if .spec.artifacts }}
- { name: ORDERCAST_ARTIFACTS_DIR, value: /var/lib/ordercast/artifacts }
{{- end }}
{{- with .root.Values.tracing }}
{{- if .endpoint }}
- { name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ .endpoint | quote }} }
- { name: OTEL_TRACES_SAMPLER, value: parentbased_traceidratio }
- { name: OTEL_TRACES_SAMPLER_ARG, value: {{ .sampleRatio | quote }} }
{{- end }}
{{- end }}
{{- with concat .root.Values.extraEnv .values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "ordercast.mounts" -}}
- { name: tmp, mountPath: /tmp }
{{- if not .spec.asks }}
- { name: database, mountPath: /run/secrets/ordercast, readOnly: true }
{{- end }}
{{- if .spec.tokens }}
- { name: tokens, mountPath: /run/secrets/tokens, readOnly: true }
{{- end }}
{{- if and .spec.models .root.Values.models.keysSecret }}
- { name: models, mountPath: /run/secrets/models, readOnly: true }
{{- end }}
{{- if .spec.artifacts }}
- { name: artifacts, mountPath: /var/lib/ordercast/artifacts, readOnly: {{ eq .spec.artifacts "read" }} }
{{- end }}
{{- end -}}

{{- define "ordercast.volumes" -}}
- name: tmp
  emptyDir: { sizeLimit: {{ has .component (list "trainer" "console") | ternary "2Gi" "128Mi" }} }
{{- if not .spec.asks }}
{{ include "ordercast.databaseVolume" . }}
{{- end }}
{{- if .spec.tokens }}
- name: tokens
  secret:
    secretName: {{ .root.Values.tokens.existingSecret }}
    defaultMode: 0440
    items:
      {{- range .spec.tokens }}
      - { key: {{ get $.root.Values.tokens (printf "%sKey" .) | quote }}, path: {{ . }}.pem }
      {{- end }}
{{- end }}
{{- if and .spec.models .root.Values.models.keysSecret }}
- name: models
  secret:
    secretName: {{ .root.Values.models.keysSecret }}
    defaultMode: 0440
    items:
      - { key: {{ get .root.Values.models (printf "%sKey" .spec.models) | quote }}, path: {{ .spec.models }}.pem }
{{- end }}
{{- if .spec.artifacts }}
- name: artifacts
  persistentVolumeClaim: { claimName: {{ include "ordercast.artifactsClaim" .root }} }
{{- end }}
{{- end -}}

{{/*
/healthz says that the process is alive, and nothing of its servers: a missing Kafka or PostgreSQL restarts nobody. What
cannot go on without them (the relay, the worker) ends by itself. /readyz says whether requests can be served.
*/}}
{{- define "ordercast.operationsPort" -}}
{{ if .root.Values.operationsPort }}operations{{ else }}http{{ end }}
{{- end -}}

{{- define "ordercast.probes" -}}
startupProbe: # longer than the worker waits for Kafka at its start before it ends by itself (60 s)
  httpGet: { path: /healthz, port: http }
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 45
livenessProbe:
  httpGet: { path: /healthz, port: http }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet: { path: {{ if .values.readyWithoutModel }}/healthz{{ else }}/readyz{{ end }}, port: {{ include "ordercast.operationsPort" . }} }
  periodSeconds: 5
  timeoutSeconds: 3 # a part that is missing is reported after 2 s
  failureThreshold: 2
{{- end -}}

{{- define "ordercast.topologySpread" -}}
{{- $labels := include "ordercast.selector" . | fromYaml -}}
{{- range $key, $when := dict "topology.kubernetes.io/zone" .root.Values.topologySpread.zone "kubernetes.io/hostname" .root.Values.topologySpread.host -}}
{{- if $when }}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: {{ $when }}
  labelSelector: { matchLabels: {{ $labels | toJson }} }
  # Counts the pods of one version alone: else the old ones decide where the new ones go.
  matchLabelKeys: [{{ if $.spec.stable }}controller-revision-hash{{ else }}pod-template-hash{{ end }}]
{{- end }}
{{- end }}
{{- end -}}

{{/* A component's pod template. Takes (root, component, spec, values). */}}
{{- define "ordercast.podTemplate" -}}
metadata:
  labels:
    {{- include "ordercast.labels" . | nindent 4 }}
  {{- with .values.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- include "ordercast.podBase" .root | nindent 2 }}
  serviceAccountName: {{ include "ordercast.serviceAccount" .root }}
  # 5 s until all have heard that the pod is leaving, 3 s for requests in flight, then transactions and clients: 20 s.
  terminationGracePeriodSeconds: 45
  containers:
    - name: {{ .component }}
      image: {{ include "ordercast.image" (dict "root" .root "image" (.spec.image | default .component)) }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      {{- with .spec.args }}
      args: {{ toJson . }}
      {{- end }}
      {{- include "ordercast.containerBase" . | nindent 6 }}
      ports:
        - { name: http, containerPort: {{ .spec.port }}, protocol: TCP }
        {{- with .root.Values.operationsPort }}
        - { name: operations, containerPort: {{ . }}, protocol: TCP }
        {{- end }}
      env:
        {{- include "ordercast.env" . | nindent 8 }}
      {{- include "ordercast.probes" . | nindent 6 }}
      {{- if .spec.public }}
      lifecycle:
        preStop: { sleep: { seconds: 5 } } # requests still come until every proxy knows
      {{- end }}
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      volumeMounts:
        {{- include "ordercast.mounts" . | nindent 8 }}
  volumes:
    {{- include "ordercast.volumes" . | nindent 4 }}
  {{- with include "ordercast.topologySpread" . }}
  topologySpreadConstraints:
    {{- . | trim | nindent 4 }}
  {{- end }}
  {{- range $field := list "nodeSelector" "tolerations" "affinity" "priorityClassName" }}
  {{- with get $.values $field }}
  {{ $field }}: {{ toJson . }}
  {{- end }}
  {{- end }}
{{- end -}}
