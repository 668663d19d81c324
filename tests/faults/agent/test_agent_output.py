# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts that say too much, the wrong bytes, too fast, for ever, or on a full disk; and that hang."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from patience import LIMIT, NEVER, eventually

from agentlab import Agents, Object

pytestmark = pytest.mark.needs_faults

QUICK = {"wait_timeout": 0.2, "exit_on_failure": False}


def output(agents: Agents, machine: Object) -> bytes:
    """What the script of the current job has said."""
    log = agents.log(agents.job(machine))
    return log.partition(b"Command running\n")[2].rpartition(b"Command exited with status")[0]


def most_memory(pid: int) -> int:
    """The largest size, in KiB, that a process has had so far; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)


def test_64_mib(agents: Agents) -> None:
    """All of it arrives, and the agent does not hold it in memory."""
    machine = agents.machine_with_tasks(agents.task("big", "head -c 67108864 /dev/zero | tr '\\0' x"))
    agent = agents.spawn(machine, "run", **QUICK)
    most = 0
    while agent.poll() is None:
        most = max(most, most_memory(agent.pid))
        time.sleep(0.05)
    assert agent.returncode == 0
    assert 0 < most < 50 << 10, "KiB"
    assert agents.outcome(machine) == ("big", "finished", "complete")
    said = output(agents, machine)
    assert len(said) == 67108864 + 1
    assert set(said[:1000]) == {ord("x")}


def test_any_bytes(agents: Agents) -> None:
    wanted = bytes(range(256)) * 300 + b"\r\n\0\xff"
    (agents.folder / "blob").write_bytes(wanted)
    machine = agents.machine_with_tasks(agents.task("binary", f"cat {agents.folder}/blob"))
    agents.run(machine, **QUICK)
    assert output(agents, machine) == wanted + b"\n"


def test_10_000_lines_a_second(agents: Agents) -> None:
    """Each line its own write; they arrive while the script runs, whole and in order."""
    text = """#!/usr/bin/env python3
import os, time
start = time.time()
for number in range(20000):
    os.write(1, b"line %d\\n" % number)
    if number % 100 == 99:
        time.sleep(max(0, start + number / 10000 - time.time()))
"""
    machine = agents.machine_with_tasks(agents.task("fast", text))
    runner = threading.Thread(target=agents.run, args=(machine,), kwargs=QUICK)
    runner.start()
    eventually(
        lambda: b"line 100\n" in agents.log(agents.now(machine)["CurrentJob"]) if agents.jobs(machine) else 0
    )
    assert agents.job(machine)["State"] == "running"
    runner.join(LIMIT)
    assert output(agents, machine).split(b"\n")[:-1] == [b"line %d" % number for number in range(20000)]


def test_a_daemon_keeps_nobody_waiting(agents: Agents) -> None:
    """It is not ended either, and what it says later does not end it."""
    pid = agents.folder / "pid"
    loop = f"until [ -e {pid}.end ]; do sleep 0.2; echo still here; done"
    daemon = f"(echo $BASHPID > {pid}; {loop}; touch {pid}.done) &"
    machine = agents.machine_with_tasks(agents.task("forks", f"{daemon}\necho parent", "echo next"))
    agents.run(machine, **QUICK)
    assert not Path(f"{pid}.done").exists(), "the job did not wait for the daemon"
    Path(f"{pid}.end").touch()
    assert agents.outcome(machine) == ("forks", "finished", "complete")
    assert b"parent" in agents.log(agents.job(machine))
    eventually(Path(f"{pid}.done").exists)


def test_an_endless_daemon(agents: Agents) -> None:
    machine = agents.machine_with_tasks(
        agents.task("forks", f"yes endless & echo $! > {agents.folder}/pid; disown; echo parent")
    )
    runner = threading.Thread(target=agents.run, args=(machine,), kwargs=QUICK)
    runner.start()
    runner.join(LIMIT)
    pid = int((agents.folder / "pid").read_text())
    try:
        os.kill(pid, 0)
        assert agents.outcome(machine) == ("forks", "finished", "complete")
    finally:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("by", ["option", "param", "param for this task"])
def test_a_script_that_takes_too_long(agents: Agents, by: str) -> None:
    """It is ended with all of its process group, even what ignores the polite request."""
    children = "trap '' TERM; (trap '' TERM; exec sleep 57) & sleep 58 & wait; while :; do sleep 0.1; done"
    task = agents.task("slow", f"echo $$ > {agents.folder}/pid; {children}")
    values: Object = {"param": 0.3, "param for this task": {"slow": 0.3, "other": 60}}
    params = {"drp-agent/task-timeout": values[by]} if by in values else {}
    machine = agents.machine_with_tasks(task, Params=params)
    changes = {"task_timeout": 0.3} if by == "option" else {"task_timeout": 60.0}
    agents.run(machine, kill_grace=0.3, **changes, **QUICK)
    assert agents.outcome(machine) == ("slow", "failed", "failed")
    assert b"The script is being stopped: it ran for 0.3 s" in agents.log(agents.job(machine))
    with pytest.raises(ProcessLookupError):
        os.killpg(int((agents.folder / "pid").read_text()), 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_of_a_job(agents: Agents, number: int) -> None:
    """The script's group is ended, the job incomplete, the machine not runnable; the next start goes on."""
    mark = agents.folder / "mark"
    machine = agents.machine_with_tasks(
        agents.task("long", f"[ -e {mark} ] && exit 0; echo $$ > {mark}; sleep 61 & wait")
    )
    agent = agents.spawn(machine, "run", **QUICK)
    eventually(lambda: mark.exists() and mark.read_text().strip())
    agent.send_signal(number)
    agent.communicate(timeout=LIMIT)
    assert agent.returncode == (0 if number == signal.SIGTERM else 1)
    assert agents.outcome(machine) == ("long", "incomplete", "complete")
    assert agents.now(machine)["Runnable"] is False
    with pytest.raises(ProcessLookupError):
        os.killpg(int(mark.read_text()), 0)
    agents.run(machine, make_runnable=True, **QUICK)
    assert agents.outcome(machine) == ("long", "finished", "complete")
    assert len(agents.jobs(machine)) == 1


def test_a_signal_while_waiting(agents: Agents) -> None:
    machine = agents.machine()
    agent = agents.spawn(machine, "run", wait_timeout=NEVER)
    eventually(lambda: agents.simulator.stats()["websockets"])
    time.sleep(0.2)
    agent.send_signal(signal.SIGTERM)
    agent.communicate(timeout=LIMIT)
    assert agent.returncode == 0


@pytest.fixture
def small_disk(agents: Agents) -> Iterator[Path]:
    if os.geteuid():
        pytest.skip("needs root to mount a small file system")
    folder = agents.folder / "small"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)], check=False)
    if made.returncode:
        pytest.skip("cannot mount a small file system here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.root
def test_a_full_disk_slows_the_script_down(agents: Agents, small_disk: Path) -> None:
    """The log is larger than the disk: as it is sent, room is made, and nothing is lost."""
    machine = agents.machine_with_tasks(agents.task("big", "head -c 16777216 /dev/zero | tr '\\0' x"))
    agents.run(machine, state_dir=str(small_disk), **QUICK)
    assert agents.outcome(machine) == ("big", "finished", "complete")
    assert len(output(agents, machine)) == 16777216 + 1


@pytest.mark.root
def test_a_full_disk_and_no_server(agents: Agents, small_disk: Path) -> None:
    """Something has to give: not the script.  The log says how much of it is missing."""
    machine = agents.machine_with_tasks(
        agents.task("big", f"head -c 4194304 /dev/zero | tr '\\0' x; touch {agents.folder}/done")
    )
    agents.simulator.fault("drop", "/log$", "PUT", times=0)
    runner = threading.Thread(
        target=agents.run, args=(machine,), kwargs={"state_dir": str(small_disk), **QUICK}
    )
    runner.start()
    eventually((agents.folder / "done").exists)
    agents.simulator.clear_faults()
    runner.join(LIMIT)
    assert agents.outcome(machine) == ("big", "finished", "complete")
    said = agents.log(agents.job(machine))
    assert b"bytes of output are missing here: the disk was full]" in said
    assert said.count(b"x") > 1 << 20
    assert said.index(b"missing here") < said.index(b"Command exited with status 0") < said.index(b"Task big")
