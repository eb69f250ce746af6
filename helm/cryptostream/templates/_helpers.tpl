{{- define "cryptostream.name" -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}-operator
{{- end }}

{{- define "cryptostream.selector" -}}
app.kubernetes.io/name: cryptostream-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "cryptostream.labels" -}}
{{ include "cryptostream.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: cryptostream
{{- end }}

{{- define "cryptostream.account" -}}
- kind: ServiceAccount
  name: {{ include "cryptostream.name" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{- /* The namespaces where the operator works, when it is told some. */}}
{{- define "cryptostream.served" -}}
{{ concat .Values.namespaces .Values.kafkaNamespaces | uniq | toJson }}
{{- end }}

{{- /* What it watches in its own namespace, where its Lease is, even if it does not work there. */}}
{{- define "cryptostream.watching" -}}
- apiGroups: [cryptostream.io]
  resources: [cryptostreams, candlestores]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [configmaps, pods, secrets, serviceaccounts, services]
  verbs: [list, watch]
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: [list, watch]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [list, watch]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [list, watch]
- apiGroups: [kafka.strimzi.io]
  resources: [kafkas, kafkatopics, kafkausers]
  verbs: [list, watch]
- apiGroups: [keda.sh]
  resources: [scaledobjects]
  verbs: [list, watch]
- apiGroups: [monitoring.coreos.com]
  resources: [podmonitors]
  verbs: [list, watch]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [list, watch]
{{- end }}

{{- /* What the operator does to streams, stores, and what it makes for them. */}}
{{- define "cryptostream.rules" -}}
- apiGroups: [cryptostream.io]
  resources: [cryptostreams]
  verbs: [get, list, watch, patch]
- apiGroups: [cryptostream.io]
  resources: [candlestores]
  verbs: [get, list, watch, create, patch]
- apiGroups: [cryptostream.io]
  resources: [cryptostreams/status, candlestores/status]
  verbs: [patch]
- apiGroups: [""]
  resources: [configmaps, secrets, serviceaccounts, services]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get, list, patch, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, patch]
- apiGroups: [""]
  resources: [events]
  verbs: [create]
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [kafka.strimzi.io]
  resources: [kafkas]
  verbs: [get, list, watch]
- apiGroups: [kafka.strimzi.io]
  resources: [kafkatopics, kafkausers]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [keda.sh]
  resources: [scaledobjects]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [monitoring.coreos.com]
  resources: [podmonitors]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [list, watch]
{{- end }}
