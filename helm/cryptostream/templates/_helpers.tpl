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

{{- /* Labels of what runs beside the operator: of the list (context, name). */}}
{{- define "cryptostream.besideSelector" -}}
app.kubernetes.io/name: cryptostream-{{ index . 1 }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
{{- end }}

{{- define "cryptostream.besideLabels" -}}
{{ include "cryptostream.besideSelector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
app.kubernetes.io/part-of: cryptostream
{{- end }}

{{- /* The name of something beside the operator: of the list (context, name). */}}
{{- define "cryptostream.besideName" -}}
{{ (index . 0).Release.Name | trunc 50 | trimSuffix "-" }}-{{ index . 1 }}
{{- end }}

{{- /* Where the simulated exchange is, without a scheme. */}}
{{- define "cryptostream.exchange" -}}
{{ include "cryptostream.besideName" (list . "simulator") }}.{{ .Release.Namespace }}.svc:9010
{{- end }}

{{- define "cryptostream.image" -}}
{{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}

{{- /* What every pod of the chart has in common: nobody's rights. */}}
{{- define "cryptostream.pod" -}}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "cryptostream.container" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
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
  verbs: [list, patch, delete]
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

{{- /* What a container may use that runs for a moment. */}}
{{- define "cryptostream.once" -}}
resources:
  requests: {cpu: 50m, memory: 64Mi}
  limits: {memory: 256Mi}
{{ include "cryptostream.container" . }}
{{- end }}

{{- define "cryptostream.toApiServer" -}}
- ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
- ports:
    {{- range .Values.networkPolicy.apiServerPorts }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end }}

{{- /* What is there while a test runs, and not otherwise. */}}
{{- define "cryptostream.duringTest" -}}
helm.sh/hook: test
helm.sh/hook-weight: "-1"
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded,hook-failed
{{- end }}
