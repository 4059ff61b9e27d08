"""Prometheus, Grafana and their companions beside the product (docs/observability.md); not part of the package."""
