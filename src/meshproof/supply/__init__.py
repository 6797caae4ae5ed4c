"""Where tools, charts and images come from: official releases, or built here from package registries."""
