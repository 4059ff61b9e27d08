"""What PostgreSQL can do: pgbench on the statement that the order path runs, one order a transaction."""

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from jwt_pizza.bench.diners import Diner
from jwt_pizza.kit import embedded
from jwt_pizza.kit.sql import Queries
from jwt_pizza.shop import orders

CLIENTS: Final = (16, 32)
_JWT: Final = "x" * 640
"""A pizza of two items is as long."""

# One order of two items: what each argument of the statement is made of.
_ARGUMENTS: Final = {
    1: ":id",
    2: ":diner",
    3: "1",
    4: "1",
    5: "800000",
    6: "now()",
    7: f"'{_JWT}'",
    8: ":session",
    9: ":version",
    10: "(SELECT version FROM shop.catalogue)",
    11: "NULL",
    12: "NULL",
    13: "'fulfilled'",
    14: "NULL",
    15: "NULL",
    16: "0",
    17: "NULL",
    18: "NULL",
    19: ":id, :id",
    20: "0, 1",
    21: "1, 2",
    22: "'Veggie', 'Pepperoni'",
    23: "380000, 420000",
}


def orders_per_second(cluster: embedded.Cluster, diner: Diner, *, seconds: float, again: bool = False) -> float:
    """The best of several numbers of clients, prepared, each order a commit of its own. `again`: the second call on a
    database, for its order numbers must be new."""
    first = len(CLIENTS) if again else 0
    return max(_pgbench(cluster, diner, clients, first + run, seconds) for run, clients in enumerate(CLIENTS))


def script(start: int) -> str:
    """A pgbench script; its order numbers begin at `start`, far beyond those of the shop."""
    statement = Queries(orders.__name__)["place"]
    for number in sorted(_ARGUMENTS, reverse=True):
        statement = statement.replace(f"${number}::", f"ARRAY[{_ARGUMENTS[number]}]::")
    # pgbench takes a line for a statement's end only at a semicolon.
    return f"\\set n :n + 1\n\\set id {start} + :client_id * 10000000 + :n\n{statement};\n"


def _pgbench(cluster: embedded.Cluster, diner: Diner, clients: int, run: int, seconds: float) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "order.sql"
        path.write_text(script(10_000_000_000 * (run + 1)), encoding="utf-8")
        argv: list[str] = [str(embedded.binary("pgbench")), "-n", "-M", "prepared", "-c", str(clients), "-j", "2"]
        argv += ["-T", str(round(seconds)), "-D", "n=0", "-D", f"diner={diner.id}", "-D", f"session={diner.session_id}"]
        argv += [
            "-D",
            f"version={diner.version}",
            "-f",
            str(path),
            "-h",
            str(cluster.socket_dir),
            "-p",
            str(cluster.port),
        ]
        argv += ["-U", "postgres", "jwt_pizza"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 60, check=True)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if found is None or "aborted" in done.stderr:
        raise LookupError(f"pgbench failed: {done.stdout} {done.stderr}")
    return float(found[1])
