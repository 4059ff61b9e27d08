"""What every page and API answer shares: the edge, errors, templates, OpenAPI."""
