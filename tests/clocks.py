"""Time that passes only when a test says so."""

from datetime import UTC, datetime, timedelta


class HandClock:
    def __init__(self) -> None:
        self._passed = 0.0

    def now(self) -> datetime:
        return datetime(2025, 4, 8, 15, 25, tzinfo=UTC) + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return self._passed

    async def sleep(self, seconds: float) -> None:
        self._passed += seconds

    async def rest(self, seconds: float, *, most: float) -> float:
        await self.sleep(seconds)
        return 0.0

    def pass_(self, seconds: float) -> None:
        self._passed += seconds
