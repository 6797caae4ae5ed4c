{{/*
Tags of every metric. Takes root (the chart's context) and reporter ("source" or "destination").
Values follow Istio's: what is not known reads "unknown", a canonical revision "latest", flags "-".
*/}}
{{- define "telemetry.tags" -}}
{{- $inbound := eq .reporter "destination" -}}
{{- $peer := ternary "source" "destination" $inbound -}}
{{- $connection := ternary "connection" "upstream" $inbound -}}
{{- $callerBelieved := include "telemetry.caller-believed" .root -}}
{{- $calleeBelieved := include "telemetry.callee-believed" .root -}}
- {name: reporter, value_format: {{ .reporter }}}
{{- range list
      (dict "facts" "noted" "believed" (ternary $callerBelieved "true" $inbound))
      (dict "facts" "told" "believed" (ternary $callerBelieved $calleeBelieved $inbound)) }}
{{- $believed := .believed }}
{{- range include (printf "telemetry.%s-facts" .facts) $ | fromYamlArray }}
- name: {{ $.reporter }}_{{ .tag }}
  value_format: '%CEL({{ include "telemetry.local" . }})%'
- name: {{ $peer }}_{{ .tag }}
  value_format: '%CEL({{ include "telemetry.peer" (dict "fact" . "believed" $believed) }})%'
{{- end }}
{{- end }}
{{- range $side, $certificate := dict $.reporter "local" $peer "peer" }}
- name: {{ $side }}_principal
  value_format: '%CEL(has({{ $connection }}.uri_san_{{ $certificate }}_certificate) ? {{ $connection }}.uri_san_{{ $certificate }}_certificate : "unknown")%'
{{- end }}
{{- range $tag, $field := dict "destination_service" "host" "destination_service_name" "name" "destination_service_namespace" "namespace" }}
- name: {{ $tag }}
  value_format: '%CEL({{ include "telemetry.service" $field }})%'
{{- end }}
- name: request_protocol
  value_format: '%CEL("content-type" in request.headers && request.headers["content-type"].startsWith("application/grpc") ? "grpc" : "http")%'
- {name: response_code, value_format: "%RESPONSE_CODE%"}
- {name: response_flags, value_format: "%RESPONSE_FLAGS%"}
- {name: grpc_response_status, value_format: "%GRPC_STATUS(NUMBER)%"}
- name: connection_security_policy
  value_format: '{{ ternary "%CEL(connection.mtls ? \"mutual_tls\" : \"none\")%" "unknown" $inbound }}'
{{- end -}}

{{/*
CEL: one field (host, name or namespace) of the service that was called, from the cluster that the request
was routed to. Without one (no route, an address that no service has) the host that the caller asked for,
with the name that Istio gives such traffic. An inbound cluster names the first service of its port.
*/}}
{{- define "telemetry.service" -}}
{{- $istio := "xds.cluster_metadata.filter_metadata.istio" -}}
has(xds.cluster_metadata) && has({{ $istio }}) && has({{ $istio }}.services) ? {{ $istio }}.services[0].{{ . }} : {{ if eq . "host" -}}
request.host
{{- else if eq . "name" -}}
has(xds.route_name) && xds.route_name == "block_all" ? "BlackHoleCluster" : has(xds.cluster_name) ? xds.cluster_name : request.host
{{- else -}}
"unknown"
{{- end -}}
{{- end -}}

{{/*
Access logger that turns each finished request into Istio's four HTTP metrics. The prefix has to begin with
"istio", the only custom stats that the proxies' bootstrap exports. Prometheus sees
envoy_istiocustom_istio_requests_total, and its scrape configuration gives the metric its own name back.
*/}}
{{- define "telemetry.stats-logger" -}}
name: envoy.access_loggers.stats
typed_config:
  "@type": type.googleapis.com/envoy.extensions.access_loggers.stats.v3.Config
  stats_scope: {prefix: istiocustom}
  counters:
  - stat:
      name: istio_requests_total
      tags:
      {{- include "telemetry.tags" . | nindent 6 }}
    value_fixed: 1
  histograms:
  {{- range $name, $value := dict
        "request_duration_milliseconds" (list "Milliseconds" "%DURATION%")
        "request_bytes" (list "Bytes" "%DOWNSTREAM_WIRE_BYTES_RECEIVED%")
        "response_bytes" (list "Bytes" "%DOWNSTREAM_WIRE_BYTES_SENT%") }}
  - stat:
      name: istio_{{ $name }}
      tags:
      {{- include "telemetry.tags" $ | nindent 6 }}
    unit: {{ first $value }}
    value_format: "{{ last $value }}"
  {{- end }}
{{- end -}}
