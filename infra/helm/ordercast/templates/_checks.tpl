{{/* What the schema cannot say, because it takes two values. */}}
{{- define "ordercast.check" -}}
{{- range $key := list "orderApi" "featureWorker" "predictor" -}}
{{- with (get $.Values $key).autoscaling -}}
{{- if gt (int .minReplicas) (int .maxReplicas) -}}
{{- fail (printf "%s.autoscaling.minReplicas (%v) is more than its maxReplicas (%v)" $key .minReplicas .maxReplicas) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with .Values.featureWorker -}}
{{- $field := .autoscaling.enabled | ternary "autoscaling.maxReplicas" "replicas" -}}
{{- $most := .autoscaling.enabled | ternary .autoscaling.maxReplicas .replicas -}}
{{- if gt (int $most) (int $.Values.partitions) -}}
{{- fail (printf "featureWorker.%s (%v) is more than partitions (%v): the rest would have nothing to do" $field $most $.Values.partitions) -}}
{{- end -}}
{{- end -}}
{{- with .Values.kafka.security -}}
{{- $users := list .username -}}
{{- range .users -}}{{- $users = append $users .username -}}{{- end -}}
{{- if and (compact $users) (not (hasPrefix "SASL_" .protocol)) -}}
{{- fail (printf "kafka.security names users (%s), but nobody logs in with its protocol %s" (compact $users | join ", ") .protocol) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "ingress.host is missing: ingress.enabled needs it" -}}
{{- end -}}
{{- if and .Values.ingress.consoleHost (eq .Values.ingress.consoleHost .Values.ingress.host) -}}
{{- fail "ingress.consoleHost is ingress.host: the console's pages have paths of the APIs, so it needs a host of its own" -}}
{{- end -}}
{{- end -}}
