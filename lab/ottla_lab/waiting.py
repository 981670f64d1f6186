"""Waiting for a condition with a deadline."""

import time


def wait_until(condition, timeout_s: float = 30, what: str = "the condition", poll_s: float = 0.02):
    """Calls condition() until it returns something true, and returns that. An exception counts as
    not yet; the last one is part of the TimeoutError."""
    deadline = time.monotonic() + timeout_s
    last_error = None
    while True:
        try:
            value = condition()
            if value:
                return value
            last_error = None
        except Exception as error:  # pylint: disable=broad-except
            last_error = error
        if time.monotonic() >= deadline:
            raise TimeoutError(
                f"{what} did not come true in {timeout_s} s"
                + (f" (last error: {last_error!r})" if last_error else "")
            )
        time.sleep(poll_s)
