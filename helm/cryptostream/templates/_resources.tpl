{{- /* The store that is asked for: managed, unless it is said to be somebody else's. */}}
{{- define "cryptostream.store" -}}
{{- $spec := deepCopy .Values.store.spec }}
{{- if not (hasKey $spec "external") }}
{{- $spec = merge $spec (dict "managed" dict) }}
{{- end -}}
apiVersion: cryptostream.io/v1alpha1
kind: CandleStore
metadata:
  name: {{ .Values.store.name }}
  namespace: {{ .Release.Namespace }}
spec: {{- toYaml $spec | nindent 2 }}
{{- end }}

{{- /* The sample: what it says itself, and where Kafka, store and exchange are. */}}
{{- define "cryptostream.sample" -}}
{{- $cluster := .Values.sample.kafka }}
{{- if .Values.kafka.create }}
{{- $cluster = dict "name" .Values.kafka.name "namespace" .Release.Namespace }}
{{- end }}
{{- $around := dict "storeRef" (dict "name" .Values.store.name) }}
{{- if not (hasKey (.Values.sample.spec.kafka | default dict) "bootstrap") }}
{{- $_ := set $around "kafka" (dict "cluster" $cluster) }}
{{- end }}
{{- if .Values.simulator.enabled }}
{{- $exchange := include "cryptostream.exchange" . }}
{{- $endpoints := dict "rest" (list (print "http://" $exchange)) "stream" (list (print "ws://" $exchange)) }}
{{- $_ := set $around "source" (dict "endpoints" $endpoints) }}
{{- end }}
{{- $egress := dict }}
{{- range $key, $value := .Values.sample.egress }}
{{- if $value }}{{- $_ := set $egress $key $value }}{{- end }}
{{- end }}
{{- if $egress }}
{{- $_ := set $around "egress" $egress }}
{{- end -}}
apiVersion: cryptostream.io/v1alpha1
kind: CryptoStream
metadata:
  name: {{ .Values.sample.name }}
  namespace: {{ .Release.Namespace }}
spec: {{- toYaml (merge (deepCopy .Values.sample.spec) $around) | nindent 2 }}
{{- end }}

{{- /* Settings that do not go together, each refused by its name. */}}
{{- define "cryptostream.checks" -}}
{{- $here := .Release.Namespace }}
{{- if .Values.namespaces }}
{{- if and .Values.store.create (not (has $here .Values.namespaces)) }}
{{- fail (printf "store.create: namespaces must hold %s, where the store is made (add it)" $here) }}
{{- end }}
{{- if and .Values.sample.enabled (not (has $here .Values.namespaces)) }}
{{- fail (printf "sample.enabled: namespaces must hold %s, where the sample is made (add it)" $here) }}
{{- end }}
{{- if and .Values.kafka.create (not (has $here (concat .Values.namespaces .Values.kafkaNamespaces))) }}
{{- fail (printf "kafka.create: kafkaNamespaces must hold %s, where the Kafka is made (add it)" $here) }}
{{- end }}
{{- end }}
{{- if and .Values.simulator.enabled .Values.sample.egress.proxyUrl }}
{{- fail "sample.egress.proxyUrl: the simulator is inside the cluster (remove it, or simulator.enabled)" }}
{{- end }}
{{- if and .Values.kafka.create (not (.Capabilities.APIVersions.Has "kafka.strimzi.io/v1/Kafka")) }}
{{- fail "kafka.create: Strimzi's resource definitions (kafka.strimzi.io/v1) are not served (install Strimzi first)" }}
{{- end }}
{{- if and .Values.podMonitor.enabled .Values.serviceMonitor.enabled }}
{{- fail "serviceMonitor.enabled: podMonitor.enabled reads the same pages (choose one of them)" }}
{{- end }}
{{- end }}
