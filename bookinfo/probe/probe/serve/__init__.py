"""The side that others call: every protocol answers with what the probe saw, and does as it is told."""
