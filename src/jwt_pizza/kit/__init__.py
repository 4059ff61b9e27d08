"""What touches the machine: settings, PostgreSQL, HTTP, keys, passwords, telemetry. Knows nothing of pizzas."""
