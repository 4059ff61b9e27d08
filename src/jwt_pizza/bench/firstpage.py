"""From the first order that fails to the text at the SMS provider, on the one-command run without any Prometheus."""

import json
import queue
import threading
import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from jwt_pizza.bench import attacks, storm, system
from jwt_pizza.bench.asking import ask, log_in

RUNS: Final = 20
_PATIENCE: Final = 30.0
"""Seconds after which no text comes any more."""


def figures(runs: int) -> dict[str, float]:
    """In milliseconds, from sending the order. Each run has a system of its own, on which no order failed before."""
    took = sorted(_one() for _ in range(runs))
    return {
        "runs": runs,
        "p50_ms": round(took[len(took) // 2], 1),
        "best_ms": round(took[0], 1),
        "worst_ms": round(took[-1], 1),
    }


def _one() -> float:
    with _provider() as (url, arrivals):
        account = {
            "TWILIO_API_BASE": url,
            "TWILIO_ACCOUNT_SID": "AC00000000000000000000000000000001",
            "TWILIO_AUTH_TOKEN": "of a provider that only counts",
            "TWILIO_FROM": "+12025550143",
        }
        with system.running(2, "factory-only", account) as running:
            attacks.command(running, "chaos", "start", "fail")
            token = log_in(running.shop, storm.LOGIN)
            started = time.monotonic()
            _order(running.shop, token)
            return (arrivals.get(timeout=_PATIENCE) - started) * 1000


@contextmanager
def _provider() -> Iterator[tuple[str, "queue.Queue[float]"]]:
    """Takes texts as Twilio's API does, and notes when."""
    arrivals: queue.Queue[float] = queue.Queue()

    class Texts(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arrivals.put(time.monotonic())
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            answer = json.dumps({"sid": f"SM{arrivals.qsize():032x}", "status": "queued"}).encode()
            self.send_response(HTTPStatus.CREATED)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has above
            """Nothing: the table is what is read."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Texts)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", arrivals
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _order(shop: str, token: str) -> None:
    """It fails: that is what is wanted."""
    try:
        ask("POST", f"{shop}/api/order", storm.ORDER, token)
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.INTERNAL_SERVER_ERROR:
            return
        raise
    raise LookupError("the order did not fail")
