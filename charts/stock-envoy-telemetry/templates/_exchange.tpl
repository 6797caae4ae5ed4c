{{/*
The exchange of identities, as two HTTP filters.

A caller's proxy sends all seven facts in request headers x-mesh-peer-<key>; what an application or a client
outside the mesh put there is removed first. The callee's proxy answers with app and version only: the other
five reach the caller from istiod, as metadata of the endpoint that was chosen, and are known even when the
endpoint never answered. Both sides take the headers off again, so neither applications nor clients see them;
only a service of the mesh whose pod has no proxy does, because which pod it will be is not known in time.
*/}}

{{/* Mutation that removes every header of the exchange, whoever set it. */}}
{{- define "telemetry.remove-headers" -}}
- remove_on_match: {key_matcher: {prefix: x-mesh-peer-}}
{{- end -}}

{{/* Mutations that state facts about this proxy. Takes facts and when (CEL); an empty value adds no header. */}}
{{- define "telemetry.state-facts" -}}
{{- range .facts }}
- append:
    header:
      key: x-mesh-peer-{{ .key }}
      value: '%CEL({{ $.when }} ? ({{ include "telemetry.local" . }}) : "")%'
{{- end }}
{{- end -}}

{{/* Rules that move a header of the exchange into the request's metadata. Takes a list of facts. */}}
{{- define "telemetry.keep-facts" -}}
{{- range . }}
- header: x-mesh-peer-{{ .key }}
  on_header_present: {metadata_namespace: meshproof_peer, key: {{ .key }}}
  remove: true
{{- end }}
{{- end -}}

{{- define "telemetry.inbound-mutations" -}}
response_mutations:
{{ include "telemetry.remove-headers" . }}
{{- $told := include "telemetry.told-facts" . | fromYamlArray }}
{{- include "telemetry.state-facts" (dict "facts" $told "when" (include "telemetry.caller-in-mesh" .)) }}
{{- end -}}

{{- define "telemetry.inbound-rules" -}}
request_rules:
{{- include "telemetry.noted-facts" . | fromYamlArray | include "telemetry.keep-facts" }}
{{- include "telemetry.told-facts" . | fromYamlArray | include "telemetry.keep-facts" }}
{{- end -}}

{{- define "telemetry.outbound-mutations" -}}
request_mutations:
{{ include "telemetry.remove-headers" . }}
{{- range list "noted" "told" }}
{{- $facts := include (printf "telemetry.%s-facts" .) $ | fromYamlArray }}
{{- include "telemetry.state-facts" (dict "facts" $facts "when" (include "telemetry.callee-in-mesh" $)) }}
{{- end }}
response_mutations:
# What istiod noted on the endpoint, as "workload;namespace;service;revision;cluster". It is a header for as
# long as the next filter needs to take it apart: CEL cannot split a string here.
- append:
    header: {key: x-mesh-peer-endpoint, value: "%UPSTREAM_METADATA(istio:workload)%"}
    append_action: OVERWRITE_IF_EXISTS_OR_ADD
{{- end -}}

{{- define "telemetry.outbound-rules" -}}
{{- $noted := include "telemetry.noted-facts" . | fromYamlArray -}}
response_rules:
{{- range $position, $fact := $noted }}
- header: x-mesh-peer-endpoint
  on_header_present:
    metadata_namespace: meshproof_peer
    key: {{ $fact.key }}
    regex_value_rewrite:
      # An empty part, or a note of another shape, leaves nothing: the fact is not known.
      pattern: {regex: '^(?:[^;]*;){{ printf "{%d}" $position }}([^;]*)(?:;.*)?$|^.*$'}
      substitution: '\1'
  remove: {{ eq (add1 $position | int) (len $noted) }}
{{- end }}
{{- include "telemetry.told-facts" . | fromYamlArray | include "telemetry.keep-facts" }}
{{- end -}}
