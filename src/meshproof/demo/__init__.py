"""The demo: cluster, mesh, telemetry and the shop, brought up together and told about."""
