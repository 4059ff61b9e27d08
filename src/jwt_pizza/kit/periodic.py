"""Work that is done again and again beside the requests."""

import asyncio
from collections.abc import Awaitable, Callable

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.kit.logs import Log


async def every(seconds: float, name: str, work: Callable[[], Awaitable[object]], clock: Clock, log: Log) -> None:
    """Runs `work` until cancelled. A failure is logged, and tried again next time."""
    while True:
        await clock.sleep(seconds)
        try:
            await work()
        except asyncio.CancelledError:
            raise
        except Refusal as refusal:
            log.warning("periodic work postponed", work=name, reason=refusal.message)
        except Exception as error:  # noqa: BLE001 - it runs again
            log.error("periodic work failed", error, work=name)
