"""Load from wrk: a process of its own, and far cheaper than what it measures."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from jwt_pizza.kernel.errors import Refusal

_TOOLS: Final = Path(__file__).parents[3] / ".tools" / "usr" / "bin"

# Requests are made once, before the measurement; each thread walks them from a place of its own.
_SCRIPT: Final = """
local threads = 0
function setup(thread) thread:set("number", threads); threads = threads + 1 end
function init(args)
  made = {}
  for line in io.lines(args[1]) do
    local token, body = line:match("^([^\\t]*)\\t(.*)$")
    local headers = { ["Content-Type"] = "application/json" }
    if token ~= "" then headers["Authorization"] = "Bearer " .. token end
    if body == "" then body = nil end
    made[#made + 1] = wrk.format(METHOD, nil, headers, body)
  end
  at = math.floor(number * #made / 2)
end
function request() at = at % #made + 1; return made[at] end
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('RESULT {"requests":%d,"seconds":%f,"p50_ms":%f,"p99_ms":%f,"refused":%d,"broken":%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
"""


class NoWrk(Refusal):
    def __init__(self) -> None:
        super().__init__("wrk is not installed: run `make bench`, or apt-get install wrk")


class Asked(msgspec.Struct, frozen=True):
    """One request of a load: the session's token and the body, either may be empty."""

    token: str = ""
    body: str = ""


class Load(msgspec.Struct, frozen=True):
    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    refused: int
    broken: int

    @property
    def per_s(self) -> float:
        return (self.requests - self.refused) / self.seconds


def run(method: str, url: str, asked: Sequence[Asked], *, connections: int, seconds: float) -> Load:
    """Two threads, `connections` kept open, as fast as answers come."""
    wrk = shutil.which("wrk") or shutil.which("wrk", path=str(_TOOLS))
    if wrk is None:
        raise NoWrk
    with tempfile.TemporaryDirectory() as folder:
        requests, script = Path(folder) / "requests", Path(folder) / "load.lua"
        requests.write_text("".join(f"{one.token}\t{one.body}\n" for one in asked), encoding="utf-8")
        script.write_text(_SCRIPT.replace("METHOD", json.dumps(method)), encoding="utf-8")
        argv = [wrk, "-t2", f"-c{connections}", f"-d{round(seconds)}s", "-s", str(script), url, "--", str(requests)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 60, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    return msgspec.json.decode(line.removeprefix("RESULT "), type=Load)
