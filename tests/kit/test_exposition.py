"""Several processes that answer for each other, of which some have died."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_WORKER = """
import sys
from jwt_pizza.kit import metrics
metrics.BREAKER.set(1.0)
metrics.MEMORY.labels("shop").set(int(sys.argv[1]))
metrics.CONNECTIONS_MAX.labels("p").set(10)
metrics.ORDERS.labels("fulfilled", "in-house").inc(5)
metrics.ORDER_TIME.labels("fulfilled").tally([0] * 14 + [5], 50.0)
print("counted", flush=True)
sys.stdin.read()
"""
_ANSWER = "import sys; from jwt_pizza.kit.exposition import exposition; sys.stdout.buffer.write(exposition())"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}


def worker(environment: dict[str, str], memory: int) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-c", _WORKER, str(memory)]
    process = subprocess.Popen(argv, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "counted\n"
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def answer(environment: dict[str, str]) -> set[str]:
    done = subprocess.run([sys.executable, "-c", _ANSWER], env=environment, capture_output=True, text=True, check=True)
    return {line for line in done.stdout.splitlines() if not line.startswith("#")}


def test_counters_outlive_their_process_and_gauges_do_not(environment: dict[str, str]) -> None:
    first, second = worker(environment, 1000), worker(environment, 2000)
    memory = 'process_resident_memory_bytes{pid="%d",service="shop"} %s'
    total = 'pizza_orders_total{outcome="fulfilled",oven="in-house"} 10.0'
    beyond = 'pizza_order_duration_seconds_bucket{le="+Inf",outcome="fulfilled"} 10.0'
    assert {
        memory % (first.pid, "1000.0"),
        memory % (second.pid, "2000.0"),
        'db_client_connection_max{pool="p"} 20.0',
        "pizza_factory_breaker_open 1.0",
        total,
        beyond,
    } <= answer(environment)
    end(first)
    lines = answer(environment)
    assert {memory % (second.pid, "2000.0"), 'db_client_connection_max{pool="p"} 10.0', total, beyond} <= lines
    assert not any(f'pid="{first.pid}"' in line for line in lines)
    end(second)
    lines = answer(environment)
    assert {total, beyond} <= lines
    assert "pizza_factory_breaker_open 1.0" not in lines
    assert not any(line.startswith("db_client_connection_max{") for line in lines)
