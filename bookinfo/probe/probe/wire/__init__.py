"""What `make` or the image's build makes from proto/: messages and stubs of the gRPC service."""
