{{/*
Who a workload is: the seven facts that the metrics say of the caller and of the callee.
  key       the header's last part, and the name under which the peer's value is kept during a request
  tag       the metric's tag, without source_ or destination_
  map, name where this proxy finds its own value, in CEL
  default   what Istio's own proxies report when the value is not known

istiod notes the first five on every endpoint, in this order; only the workload itself tells the other two.
*/}}
{{- define "telemetry.noted-facts" -}}
- {key: workload, tag: workload, map: xds.node.metadata, name: WORKLOAD_NAME, default: unknown}
- {key: namespace, tag: workload_namespace, map: xds.node.metadata, name: NAMESPACE, default: unknown}
- {key: service, tag: canonical_service, map: xds.node.metadata.LABELS, name: service.istio.io/canonical-name, default: unknown}
- {key: revision, tag: canonical_revision, map: xds.node.metadata.LABELS, name: service.istio.io/canonical-revision, default: latest}
- {key: cluster, tag: cluster, map: xds.node.metadata, name: CLUSTER_ID, default: unknown}
{{- end -}}

{{- define "telemetry.told-facts" -}}
- {key: app, tag: app, map: xds.node.metadata.LABELS, name: app, default: unknown}
- {key: version, tag: version, map: xds.node.metadata.LABELS, name: version, default: unknown}
{{- end -}}

{{/* CEL: this proxy's own value of one fact. */}}
{{- define "telemetry.local" -}}
"{{ .name }}" in {{ .map }} ? {{ .map }}["{{ .name }}"] : "{{ .default }}"
{{- end -}}

{{/* CEL: the peer's value of one fact, as the exchange filters kept it. Takes fact and believed (CEL). */}}
{{- define "telemetry.peer" -}}
{{- $peer := "metadata.filter_metadata.meshproof_peer" -}}
{{ .believed }} && has({{ $peer }}) && has({{ $peer }}.{{ .fact.key }}) ? {{ $peer }}.{{ .fact.key }} : "{{ .fact.default }}"
{{- end -}}

{{/*
CEL: is what the caller, or the callee, says about itself believed? Whoever talks without mutual TLS may be
anyone, a service outside the mesh included. What istiod says about an endpoint needs no such proof.
*/}}
{{- define "telemetry.caller-believed" -}}
{{ ternary "true" "connection.mtls" .Values.peers.believePlaintext }}
{{- end -}}

{{- define "telemetry.callee-believed" -}}
{{ ternary "true" "has(upstream.uri_san_peer_certificate)" .Values.peers.believePlaintext }}
{{- end -}}

{{/*
CEL: may this proxy say who it is? To a caller: to one that it believes and that said so first. To a callee:
if that is a service of the mesh; neither an external service (ServiceEntry) nor an address that no service
has (PassthroughCluster) is told who calls.
*/}}
{{- define "telemetry.caller-in-mesh" -}}
{{ include "telemetry.caller-believed" . }} && has(metadata.filter_metadata.meshproof_peer)
{{- end -}}

{{- define "telemetry.callee-in-mesh" -}}
has(xds.cluster_metadata) && has(xds.cluster_metadata.filter_metadata.istio) && has(xds.cluster_metadata.filter_metadata.istio.services) && !has(xds.cluster_metadata.filter_metadata.istio.external)
{{- end -}}
