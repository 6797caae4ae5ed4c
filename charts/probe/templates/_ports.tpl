{{/*
What a probe serves, port by port. The name tells Istio the protocol as older meshes read it (its first word),
appProtocol as today's do. The control port is none of the Service's: the engine asks a pod, not a Service.
*/}}
{{- define "probe.ports" -}}
- { name: http, port: 8080, appProtocol: http, env: HTTP_PORT }
- { name: http2, port: 8081, appProtocol: http2, env: HTTP2_PORT }
- { name: grpc, port: 8082, appProtocol: grpc, env: GRPC_PORT }
- { name: tcp, port: 8083, appProtocol: tcp, env: TCP_PORT }
- { name: tcp-first, port: 8084, appProtocol: tcp, env: TCP_FIRST_PORT }
- { name: https, port: 8443, appProtocol: https, env: HTTPS_PORT }
- { name: tls, port: 8444, appProtocol: tls, env: TLS_PORT }
{{- end }}
