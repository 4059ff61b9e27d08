"""How fast is it, against the limit that PostgreSQL sets on the same machine in the same run."""
