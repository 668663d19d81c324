# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One supervisor for all that an agent has to do, and what the agent makes of one that is gone."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from patience import LIMIT, eventually

from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.script import supervisor_process
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.script.launch import (
    LOCK,
    PIDS,
    ScriptRun,
    started_at,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.script.supervised import (
    RunningScript,
    ScriptResult,
    Supervision,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.script.supervisor_process import (
    SupervisorProcess,
)


def test_a_killed_supervisor_lets_go_of_its_lock_last(tmp_path: Path) -> None:
    """All of the script is ended all the same: nobody enforces its timeout any more."""
    script = subprocess.Popen(["sleep", "600"], start_new_session=True)
    (tmp_path / PIDS).write_text(json.dumps({"script": script.pid, "started": started_at(script.pid)}))
    lock = os.open(tmp_path / LOCK, os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    supervisor = SupervisorProcess()
    supervisor.kill()
    letting_go = threading.Timer(0.2, os.close, [lock])
    letting_go.start()
    try:
        result = RunningScript(str(tmp_path), supervisor).wait(LIMIT)
        assert result is not None
        assert result.lost
        assert script.wait(LIMIT) < 0
    finally:
        letting_go.join()
        script.kill()
        script.wait()


@pytest.fixture
def supervision() -> Iterator[Supervision]:
    made = Supervision()
    yield made
    made.let_go()


class Scripts:
    """Scripts that say who their parent is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        (folder / "task").mkdir()

    def run(self, supervision: Supervision, commands: str = "", **changes: Any) -> tuple[int, ScriptResult]:
        """The supervisor of a script, and how the script ended."""
        self._number += 1
        script_run = ScriptRun(
            name=f"script-{self._number}",
            content=f"#!/bin/sh\necho $PPID > parent\n{commands}\n",
            environment={"PATH": os.environ["PATH"]},
            task_dir=str(self._folder / "task"),
            run_dir=str(self._folder / f"run-{self._number}"),
            spool_dir=str(self._folder / f"spool-{self._number}"),
            **{"command": [f"./script-{self._number}"], **changes},
        )
        running = supervision.start(script_run)
        eventually(lambda: running.is_prepared(0.1))
        result: ScriptResult | None = None
        while result is None:
            result = running.wait(LIMIT)
        return int((self._folder / "task/parent").read_text()), result


@pytest.fixture
def some_scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


def test_one_supervisor_for_all_scripts(supervision: Supervision, some_scripts: Scripts) -> None:
    """Each script is told apart from the one before it, also by what has become of that."""
    first, result = some_scripts.run(supervision, "exit 3")
    assert result == ScriptResult(code=3)
    assert some_scripts.run(supervision) == (first, ScriptResult())
    assert some_scripts.run(supervision, "kill -9 $$") == (first, ScriptResult(code=-9))
    assert some_scripts.run(supervision, "exit 4") == (first, ScriptResult(code=4))


def test_signals_of_one_script_are_not_the_next_ones(supervision: Supervision, some_scripts: Scripts) -> None:
    """One that its parent was asked to end is stopped; the supervisor is whole afterwards."""
    first, result = some_scripts.run(supervision, "kill $PPID; sleep 900")
    assert result.stopped
    assert some_scripts.run(supervision, "sleep 0.1") == (first, ScriptResult())


def test_nothing_of_a_script_stays_with_its_supervisor(
    supervision: Supervision, some_scripts: Scripts, tmp_path: Path
) -> None:
    """Descriptors, above all, however the script or the file ended."""
    first, _result = some_scripts.run(supervision)
    before = len(os.listdir(f"/proc/{first}/fd"))
    assert some_scripts.run(supervision, "sleep 900", timeout=0.1, kill_grace=0.1)[1].timed_out
    assert "/no/such is not on this machine" in some_scripts.run(supervision, command=["/no/such"])[1].error
    assert some_scripts.run(supervision, chroot="/no/such/folder")[1].error
    assert supervision.write_file({"Name": "x", "Path": "/proc/x"}, str(tmp_path), set(), "").wait(LIMIT)
    for _number in range(3):
        assert some_scripts.run(supervision) == (first, ScriptResult())
    assert len(os.listdir(f"/proc/{first}/fd")) == before


def test_a_file_by_the_same_supervisor(
    supervision: Supervision, some_scripts: Scripts, tmp_path: Path
) -> None:
    first, _result = some_scripts.run(supervision)
    action = {"Name": "conf", "Path": "a/conf", "Content": "surrogate \udcff\n"}
    file = supervision.write_file(action, str(tmp_path), set(), "")
    assert file.wait(LIMIT) == ""
    assert (tmp_path / "a/conf").read_bytes() == "surrogate \udcff\n".encode("utf-8", "surrogatepass")
    file = supervision.write_file({**action, "Path": "/dev/null/x"}, str(tmp_path), set(), "")
    assert "/dev/null" in (file.wait(LIMIT) or "")
    assert some_scripts.run(supervision) == (first, ScriptResult())


def test_another_supervisor_when_the_first_was_killed(
    supervision: Supervision, some_scripts: Scripts
) -> None:
    """It had nothing to do, so nothing is lost."""
    first, _result = some_scripts.run(supervision)
    os.kill(first, signal.SIGKILL)
    eventually(lambda: not _runs(first))
    second, result = some_scripts.run(supervision)
    assert second != first
    assert result == ScriptResult()


def test_another_supervisor_when_the_first_takes_nothing(
    supervision: Supervision, some_scripts: Scripts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped one; what is asked for is large enough to be noticed."""
    monkeypatch.setattr(supervisor_process, "_PATIENCE", 0.2)
    first, _result = some_scripts.run(supervision)
    os.kill(first, signal.SIGSTOP)
    try:
        action = {"Name": "conf", "Path": "conf", "Content": "x" * (8 << 20)}
        monkeypatch.setattr(supervisor_process, "_PATIENCE", LIMIT)
        file = supervision.write_file(action, str(tmp_path), set(), "")
        assert file.wait(LIMIT) == ""
        assert some_scripts.run(supervision)[0] != first
    finally:
        os.kill(first, signal.SIGKILL)


def test_another_supervisor_when_output_is_held(
    supervision: Supervision, some_scripts: Scripts, tmp_path: Path
) -> None:
    """What a script leaves behind can go on to write; whoever reads that has nothing else to do."""
    leaver = f"(trap '' HUP; while [ ! -e {tmp_path}/end ]; do echo more; sleep 0.1; done) &"
    first, result = some_scripts.run(supervision, leaver)
    assert result.holds_output
    second, result = some_scripts.run(supervision)
    assert (second != first, result) == (True, ScriptResult())
    (tmp_path / "end").touch()
    eventually(lambda: not _runs(first))


def test_no_process_without_work(some_scripts: Scripts) -> None:
    """Nor what is left of one when nobody has asked how it ended."""
    supervision = Supervision()
    first, _result = some_scripts.run(supervision)
    assert _runs(first)
    supervision.let_go()
    eventually(lambda: not Path(f"/proc/{first}").exists())
    second, result = some_scripts.run(supervision)
    assert (second != first, result) == (True, ScriptResult())
    supervision.let_go()


def _runs(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
