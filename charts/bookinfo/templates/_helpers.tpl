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
