{{/* Labels of every object. Called with a dict: root, service. */}}
{{- define "bookinfo.labels" -}}
app: {{ .service }}
service: {{ .service }}
app.kubernetes.io/name: {{ .service }}
app.kubernetes.io/part-of: bookinfo
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* What a pod must promise to be admitted under Pod Security `restricted`. */}}
{{- define "bookinfo.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "bookinfo.containerSecurity" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
readOnlyRootFilesystem: true
{{- end }}

{{/*
Annotations of every pod. The sidecar is a native one: it ends after the container beside it, whose last replies it
carries, and with a Job. An entry of podAnnotations stands in place of ours.
*/}}
{{- define "bookinfo.podAnnotations" -}}
{{- $annotations := dict "sidecar.istio.io/nativeSidecar" "true" -}}
{{- range $name, $value := .Values.podAnnotations }}
{{- $annotations = set $annotations $name (toString $value) }}
{{- end }}
{{- toYaml $annotations }}
{{- end }}

{{/* The Secret with the database's accounts: ours, or the user's. */}}
{{- define "bookinfo.databaseSecret" -}}
{{ .Values.database.existingSecret | default "mysql-credentials" }}
{{- end }}

{{/* A variable from that Secret. Called with a dict: root, name, key. */}}
{{- define "bookinfo.databaseVariable" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ include "bookinfo.databaseSecret" .root }}
      key: {{ .key }}
{{- end }}

{{/* Changes with the accounts, so that pods that know them are replaced with them. */}}
{{- define "bookinfo.databaseChecksum" -}}
{{ list .Values.database.existingSecret .Values.database.rootPassword .Values.database.user .Values.database.password | toJson | sha256sum | trunc 16 }}
{{- end }}
