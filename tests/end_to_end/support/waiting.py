"""Waiting for a condition with a limit: the only way in which these tests pass time."""

import os
import time

__unittest = True  # a failure shows the test's line, not this file's

# Stretches every limit on slow builds (sanitizers): PILOTLIGHT_TEST_PATIENCE=3.
PATIENCE = float(os.environ.get("PILOTLIGHT_TEST_PATIENCE", "1"))


def wait_until(condition, limit=15.0, what="the condition", detail=None, every=0.015):
    """Returns the first true value of condition().

    After `limit` seconds an AssertionError says in one line what was waited for; `detail()`, if
    given, adds what there was instead.
    """
    started = time.monotonic()
    while True:
        value = condition()
        if value:
            return value
        waited = time.monotonic() - started
        if waited > limit * PATIENCE:
            seen = f"; there was: {detail()}" if detail else ""
            raise AssertionError(f"waited {waited:.1f} s for {what}{seen}")
        time.sleep(every)
