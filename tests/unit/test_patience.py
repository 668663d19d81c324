# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No test is decided by how fast the machine is: the sources of all tests are searched for such limits."""

from __future__ import annotations

import ast
import os
import pathlib
import subprocess
import sys

import hypothesis
import patience
import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
ELSEWHERE = {
    "bench",
    "simulator",
    "tools",
    "targets",
    "legacy_inventory.py",
    "container.py",
    "garbling",
    "real_server.py",
    "rogue_server.py",
}
"""What measures, what is tested, what starts tests, and what finds out whether a system can be booted."""
FILES = sorted(path for path in TESTS.rglob("*.py") if not ELSEWHERE & set(path.relative_to(TESTS).parts))
CLOCKS = {"time.monotonic()", "time.time()", "time.perf_counter()"}
AT_MOST = 2
"""Seconds: shorter times show that something does not happen, or that a limit of the code works."""
ENDS = {"join", "wait", "communicate", "wait_for", "run", "get", "settimeout"}


def limits(source: str) -> list[str]:
    """Where a clock has the last word: an upper bound for what took long, or a literal limit of a wait."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and _bounded(node):
            found.append(f"{node.lineno}: {ast.unparse(node)}")
        elif isinstance(node, ast.Call) and _literal(node):
            found.append(f"{node.lineno}: {ast.unparse(node.func)}")
        elif isinstance(node, ast.keyword) and node.arg == "deadline" and not _is_none(node.value):
            found.append(f"{node.value.lineno}: deadline")
    return found


def _bounded(node: ast.Compare) -> bool:
    """Whether it demands that a difference of times be small."""
    values = [node.left, *node.comparators]
    for left, operator, right in zip(values, node.ops, values[1:]):
        small = left if isinstance(operator, (ast.Lt, ast.LtE)) else right
        if not isinstance(operator, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
            continue
        if isinstance(small, ast.BinOp) and isinstance(small.op, ast.Sub) and _reads_clock(small):
            return True
        if ast.unparse(small) in CLOCKS:
            return True
    return False


def _reads_clock(node: ast.BinOp) -> bool:
    return ast.unparse(node.left) in CLOCKS or ast.unparse(node.left).endswith(".ended")


def _literal(node: ast.Call) -> bool:
    """Whether it waits for something, for a number of seconds that is written right there."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    given = [word.value for word in node.keywords if word.arg == "timeout"]
    if name in ENDS - {"run"} and (len(node.args) == 1 or name == "wait_for"):
        given += node.args[-1:]
    return name in ENDS and any(_seconds(value) > AT_MOST for value in given)


def _seconds(node: ast.expr) -> float:
    number = node.value if isinstance(node, ast.Constant) else 0
    return number if isinstance(number, (int, float)) else 0


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TESTS)))
def test_no_limit_but_that_of_patience(path: pathlib.Path) -> None:
    if path.name != "patience.py":
        assert limits(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "assert time.monotonic() - begin < 3",
        "assert 0.5 <= time.monotonic() - begin < 1",
        "assert 3 > time.time() - begin",
        "assert waiting.ended - flipped < 3",
        "while time.monotonic() < deadline: pass",
        "thread.join(5)",
        "process.communicate(timeout=20)",
        "process.wait(timeout=20.5)",
        "subprocess.run(command, timeout=100)",
        "asyncio.wait_for(test(), 20)",
        "settings(deadline=200)",
    ],
)
def test_the_search_finds(line: str) -> None:
    assert len(limits(line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "assert time.monotonic() - begin >= 0.3",
        "assert 0.3 <= time.monotonic() - begin",
        "thread.join(LIMIT)",
        "', '.join(names)",
        "assert subscription.get(0.2) is None",
        "subprocess.run(command, timeout=LIMIT)",
        "settings(deadline=None)",
        "found.get('x', 5.0 if y else z)",
    ],
)
def test_the_search_leaves_alone(line: str) -> None:
    assert limits(line) == []


def test_hypothesis_does_not_look_at_the_clock() -> None:
    assert hypothesis.settings().deadline is None
    assert hypothesis.HealthCheck.too_slow in hypothesis.settings().suppress_health_check


def test_pytest_ends_only_what_hangs(request: pytest.FixtureRequest) -> None:
    asked = [word for word in request.config.invocation_params.args if word.startswith("--timeout")]
    assert asked or request.config.getoption("timeout") == patience.TEST_LIMIT


def test_a_slow_machine_gets_more_time() -> None:
    command = [sys.executable, "-c", "import patience; print(patience.LIMIT, patience.TEST_LIMIT)"]
    told = []
    for slowness in ("", "1", "3"):
        environment = {**os.environ, "TEST_SLOWNESS": slowness, "PYTHONPATH": str(TESTS)}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        told.append([float(word) for word in done.stdout.split()])
    assert told[0] == told[1]
    assert told[2] == [3 * seconds for seconds in told[1]]
