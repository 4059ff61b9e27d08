"""Writes the generated files."""

from observability.dashboards import generated

for file, text in generated():
    file.write_text(text, encoding="utf-8")
