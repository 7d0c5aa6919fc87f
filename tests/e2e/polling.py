"""Waiting for a condition to come: no test sleeps for a time that it guessed."""
import time


def wait_for(condition, process=None, seconds=120, what="the condition did not come"):
    """process: one that must not end before."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, what
        time.sleep(0.01)
