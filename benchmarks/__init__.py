"""How long the demo's phases take and how much memory it needs, measured on whole processes."""
