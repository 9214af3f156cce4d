"""Live updates: one reader of the store for all clients, who each get what changed since the number that they have.

The newest events come from another store, which the numbers never wait for.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from kafka.waiting import Waiting
from serving.problem import Problem
from serving.query.live_state import GOOD_SECONDS, LiveState
from serving.query.live_store import LiveStore
from serving.query.tunables import Tunables

logger = logging.getLogger(__name__)

WHOLE_SECONDS = 30.0
"""Between readings of all minutes that are shown; in between, those that still move are read."""
MOVING_MINUTES = 5.0
FIRST_EVENTS_SECONDS, EVENTS_SECONDS = 3.0, 0.25
"""So long the first reading waits for the newest events, and each one after it, which has those known before."""
IDLE_SECONDS = 60.0
"""So long the reader goes on when the last client has left."""
Events = Callable[[int], Awaitable[list[dict[str, Any]] | None]]


class Hub:
    """Reads while there are clients, and wakes them; of a store that does not answer, the last state stays."""

    fault_seconds = 10.0
    """Pause after a fault of ours, whose traceback is logged."""

    def __init__(self, store: LiveStore, tunables: Tunables, events: Events) -> None:
        self._store, self._tunables, self._events = store, tunables, events
        self.state = LiveState()
        self._waiting = Waiting(logger, "the live page waits for its numbers")
        self.clients = 0
        self._changed = asyncio.Condition()
        self._filled = asyncio.Event()
        self._wanted = asyncio.Event()
        self._wanted_at = 0.0
        self._whole_at = float("-inf")
        self._task: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._newest: list[dict[str, Any]] | None = None

    def start(self) -> None:
        """Begin; reads nothing before somebody wants it."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """End."""
        for task in (self._task, self._asking):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        self._store.close()

    async def filled(self, seconds: float = 10.0) -> bool:
        """Have it read, and wait for a first or a fresh answer; False where none came in time."""
        self._wanted_at = time.monotonic()
        self._wanted.set()
        try:
            await asyncio.wait_for(self._filled.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def beyond(self, number: int, seconds: float) -> bool:
        """Wait until there is a greater number; False where none came in time."""
        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(lambda: self.state.number > number), seconds)
            except TimeoutError:
                return False
        return True

    async def _run(self) -> None:
        while True:
            if not self.clients and time.monotonic() - self._wanted_at > IDLE_SECONDS:
                self._filled.clear()
                self._wanted.clear()
                self._whole_at = float("-inf")
                await self._wanted.wait()
            pause = self._tunables["live_poll_seconds"]
            try:
                await self._read()
                self._waiting.over()
            except Problem as problem:
                self._waiting.because(problem.detail)
            except Exception:
                logger.exception("the live numbers cannot be read")
                pause = max(pause, self.fault_seconds)
            await asyncio.sleep(pause)

    async def _read(self) -> None:
        minutes, began = self._tunables["live_minutes"], time.monotonic()
        is_whole = began - self._whole_at >= WHOLE_SECONDS
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_events())
        recent = await self._store.recent(minutes if is_whole else min(minutes, MOVING_MINUTES))
        patience = EVENTS_SECONDS if self._filled.is_set() else FIRST_EVENTS_SECONDS
        await asyncio.wait({self._asking}, timeout=patience)
        if is_whole:
            self._whole_at = began
        good_for = max(GOOD_SECONDS, 3 * self._tunables["live_poll_seconds"])
        has_changed = self.state.apply(recent, self._newest, time.time(), minutes, good_for, is_whole)
        self._filled.set()
        if has_changed:
            async with self._changed:
                self._changed.notify_all()

    async def _ask_events(self) -> None:
        count = int(self._tunables["live_events"])
        try:
            self._newest = await self._events(count) if count else []
        except Exception:
            logger.exception("the newest events cannot be read")
            self._newest = None
