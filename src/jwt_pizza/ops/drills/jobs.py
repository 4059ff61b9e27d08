"""Plays the drills that wait: one at a time on all processes of ops together, in a process of its own."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

from jwt_pizza.kernel.clock import Clock
from jwt_pizza.kernel.errors import Unavailable
from jwt_pizza.ops.drills.model import Drill, Drills, Entry, Play, Playhouse, State
from jwt_pizza.ops.drills.said import Result, Said, Scene

PATIENCE: Final = timedelta(seconds=30)
"""After so long without a word of the process that plays it, a drill is given up."""
_LONGEST: Final = {"virtual": timedelta(minutes=15), "live": timedelta(hours=2), "played": timedelta(hours=8)}


class _Playing:
    def __init__(self, drill: Drill, play: Play, clock: Clock, told: Callable[[], object]) -> None:
        self.drill = drill
        self.play = play
        self.heard: list[Entry] = []
        self.shop: str | None = None
        self.console: str | None = None
        self.result: Result | None = None
        self.stopped = False
        self.late = False
        self._clock = clock
        self._told = told
        self.listening = asyncio.create_task(self._listen())

    async def _listen(self) -> str:
        """What it said when it failed."""
        async for line in self.play.lines():
            match line:
                case Said(text=text):
                    self.heard.append(Entry(self._clock.now(), text))
                case Scene():
                    self.shop, self.console = line.shop, line.console
                case Result():
                    self.result = line
                case _:
                    continue
            self._told()
        words = await self.play.end()
        self._told()
        return words

    def stop(self) -> None:
        if not self.stopped:
            self.stopped = True
            self.play.stop()


class Stagehand:
    def __init__(
        self, drills: Drills, playhouse: Playhouse, name: str, clock: Clock, told: Callable[[], object]
    ) -> None:
        """`name`: of this process, on all machines and for all time. `told` is called when `step` has something to
        do."""
        self._drills = drills
        self._playhouse = playhouse
        self._name = name
        self._clock = clock
        self._told = told
        self._playing: _Playing | None = None

    async def step(self) -> None:
        if self._playing is None:
            await self._begin()
        else:
            await self._go_on(self._playing)

    async def close(self) -> None:
        """Ends what is played here, and says so if the database answers."""
        playing, self._playing = self._playing, None
        if playing is not None:
            playing.stop()
            await playing.listening
            with suppress(Unavailable):
                await self._end(playing, "stopped", "ops was stopped while it ran")

    async def _begin(self) -> None:
        now = self._clock.now()
        await self._drills.abandon(now - PATIENCE, at=now)
        drill = await self._drills.claim(self._name, at=now)
        if drill is None:
            return
        try:
            play = await self._playhouse.open(drill.plan)
        except OSError as error:
            problem = f"the process that plays it cannot be started: {error}"
            await self._drills.end(drill.id, self._name, "failed", [], problem=problem, result=None, at=now)
            return
        self._playing = _Playing(drill, play, self._clock, self._told)

    async def _go_on(self, playing: _Playing) -> None:
        now, drill = self._clock.now(), playing.drill
        if playing.listening.done():
            words = playing.listening.result()
            if playing.result is not None:
                await self._end(playing, "done", "")
            elif playing.late:
                await self._end(playing, "failed", "it took too long, and was ended")
            elif playing.stopped:
                await self._end(playing, "stopped", "")
            else:
                await self._end(playing, "failed", words or "it ended without a word")
            self._playing = None
            return
        heard = list(playing.heard)
        orders = await self._drills.beat(
            drill.id, self._name, heard, shop=playing.shop, console=playing.console, at=now
        )
        del playing.heard[: len(heard)]
        if orders is None or orders.stop:
            playing.stop()
        elif drill.started_at is not None and now - drill.started_at > _LONGEST[drill.plan.manner]:
            playing.late = True
            playing.stop()
        else:
            for line in orders.typed:
                await playing.play.type(line)

    async def _end(self, playing: _Playing, state: State, problem: str) -> None:
        await self._drills.end(
            playing.drill.id,
            self._name,
            state,
            playing.heard,
            problem=problem,
            result=playing.result,
            at=self._clock.now(),
        )
