"""Actions and probes for the Chaos Toolkit: plain functions that its python provider calls by name."""
