"""Waiting in tests: for a condition, never for a time."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object], seconds: float = 240) -> None:
    """Return once `condition` holds; the seconds are a guard against a hang, no expectation."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
