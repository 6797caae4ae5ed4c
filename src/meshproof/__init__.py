"""meshproof shows what a service mesh does, and proves it."""
