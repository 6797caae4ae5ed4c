"""Where Kubernetes comes from, and how it is reached."""
