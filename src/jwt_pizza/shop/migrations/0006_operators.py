"""What operators tell all processes of the shop: bake in-house, take leaked connections back."""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8").replace(":", "\\:"))
