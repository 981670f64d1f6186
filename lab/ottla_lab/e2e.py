"""Runs the end-to-end tests, tests/e2e/*_test.py: `python3 -m ottla_lab.e2e [--filter TEXT]`.

All modules run in one process, so that they share clusters (shared.py). Prints each test's time and
ends with 'N passed, N failed'."""

import argparse
import pathlib
import re
import sys
import time
import traceback
import unittest

from . import paths, shared

FOLDER = paths.ROOT / "tests" / "e2e"


class _Result(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.passed = 0
        self._started = time.monotonic()

    def startTest(self, test):
        super().startTest(test)
        self._started = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        self._started = time.monotonic()  # of a class fixture that may fail next

    def _say(self, test, outcome: str) -> None:
        print(f"{outcome:7} {time.monotonic() - self._started:6.1f} s  {test.id()}", flush=True)

    def addSuccess(self, test):
        self.passed += 1
        self._say(test, "ok")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._say(test, "FAILED")
        print(self.failures[-1][1], flush=True)

    def addError(self, test, err):
        super().addError(test, err)
        self._say(test, "FAILED")
        print("".join(traceback.format_exception(*err)), flush=True)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._say(subtest, "FAILED")
            print("".join(traceback.format_exception(*err)), flush=True)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._say(test, "skipped")
        print(f"        {reason}", flush=True)

    def failed(self) -> int:
        return len(self.failures) + len(self.errors) + len(self.unexpectedSuccesses)


def _flatten(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _flatten(test)
        else:
            yield test


def _chosen(pattern: str | None) -> unittest.TestSuite:
    """One suite per class, so that class fixtures run once per class."""
    suite = unittest.TestSuite()
    loader = unittest.TestLoader()
    for test in _flatten(
        loader.discover(str(FOLDER), pattern="*_test.py", top_level_dir=str(FOLDER))
    ):
        if pattern is None or re.search(pattern, test.id()):
            suite.addTest(test)
    return suite


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m ottla_lab.e2e", description=__doc__)
    parser.add_argument("--filter", metavar="REGEX", help="only tests whose id matches")
    options = parser.parse_args()
    sys.path.insert(0, str(FOLDER))
    result = _Result()
    if any(pathlib.Path(FOLDER).glob("*_test.py")):
        _chosen(options.filter).run(result)
    shared.stop_all()
    print(f"{result.passed} passed, {result.failed()} failed")
    return 1 if result.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
