# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How one job is run: files, scripts, what they see, and how they end."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest
from patience import LIMIT

from agentlab import ORIGINAL, Agents, Object, State

PATIENT = {"exit_on_failure": False}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def log_text(agents: Agents, machine: Object) -> str:
    return agents.log(agents.job(machine)).decode()


def test_what_a_script_sees(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    """Always the right values, whatever the agent has inherited."""
    monkeypatch.setenv("RS_TOKEN", "inherited")
    monkeypatch.setenv("RS_UUID", "inherited")
    monkeypatch.setenv("NOTIFY_SOCKET", "/not/for/scripts")
    machine = agents.machine_with_tasks(
        agents.task("look", f"env > {agents.folder}/env; pwd; umask; cat; ls -l")
    )
    agents.run(machine)
    assert agents.outcome(machine) == ("look", "finished", "complete")
    lines = (agents.folder / "env").read_text().splitlines()
    seen = dict(line.split("=", 1) for line in lines if "=" in line)
    assert seen["RS_UUID"] == machine["Uuid"]
    assert seen["RS_ENDPOINT"] == agents.simulator.endpoint
    assert seen["RS_TOKEN"] not in ("", "inherited")
    assert seen["RS_TASK_DIR"].startswith(seen["RS_RUNNER_DIR"] + "/look-")
    assert seen["TMPDIR"] == seen["TMP"] == os.path.dirname(seen["RS_RUNNER_DIR"])
    assert seen["HOME"]
    assert "NOTIFY_SOCKET" not in seen
    assert seen["RS_TASK_DIR"] in log_text(agents, machine)
    assert not os.path.exists(seen["RS_TASK_DIR"])


def test_files_and_modes(agents: Agents) -> None:
    """Task directories 0700, the helper and what carries a token 0600, other files as the umask has it."""
    etc = agents.folder / "etc/deep"
    machine = agents.machine_with_tasks(
        agents.task(
            "files",
            {"Name": "plain", "Path": f"{etc}/plain", "Contents": "text\n"},
            {"Name": "ours", "Path": f"{etc}/ours", "Contents": "RS_TOKEN={{.GenerateInfiniteToken}}\n"},
            {"Name": "beside", "Path": "beside/it", "Contents": "relative\n"},
            agents.script("stat -c '%a %n' . helper files-*; cat beside/it; umask", name="look"),
        )
    )
    (etc.parent).mkdir()
    agents.run(machine)
    log = log_text(agents, machine)
    assert "700 .\n600 helper\n700 files-look\nrelative\n" in log
    assert f"Writing plain to {etc}/plain\nAction plain finished" in log
    assert (mode(etc / "plain"), mode(etc / "ours")) == (0o644, 0o600)
    assert (etc / "plain").read_text() == "text\n"


def test_an_existing_file_keeps_its_mode_unless_it_gets_a_token(agents: Agents) -> None:
    for name in ("open", "secret"):
        (agents.folder / name).write_text("much longer than what comes\n")
        (agents.folder / name).chmod(0o664)
    token = "{{.GenerateToken}}"
    machine = agents.machine_with_tasks(
        agents.task(
            "files",
            {"Name": "open", "Path": f"{agents.folder}/open", "Contents": "new\n"},
            {"Name": "secret", "Path": f"{agents.folder}/secret", "Contents": f"Token: {token}\n"},
        )
    )
    agents.run(machine)
    assert (agents.folder / "open").read_text() == "new\n"
    assert (mode(agents.folder / "open"), mode(agents.folder / "secret")) == (0o664, 0o600)


def test_the_helper(agents: Agents) -> None:
    """Params go through the agent itself: there is no drpcli here."""
    text = """. ./helper
echo "$OS_TYPE/$OS_FAMILY/$INITSTYLE/$LC_ALL/$DEBIAN_FRONTEND"
addr_port 10.0.0.1 80; addr_port fe80::1 80
set_param answer 42; get_param answer
set_param text "two words"; get_param text
echo '{"a": [1, true]}' | set_param from-stdin; get_param from-stdin
get_param not-set
exit_incomplete_reboot
"""
    machine = agents.machine_with_tasks(agents.task("helped", text, meta=ORIGINAL))
    agents.run(machine)
    assert agents.outcome(machine) == ("helped", "incomplete", "reboot")
    params = agents.now(machine)["Params"]
    assert params == {"answer": 42, "text": "two words", "from-stdin": {"a": [1, True]}}
    log = log_text(agents, machine)
    assert "/C/noninteractive\n10.0.0.1:80\n[fe80::1]:80\n42\n42\n" in log
    assert '"two words"' in log


def test_the_sane_marker_stays_for_the_job(agents: Agents) -> None:
    """Trap 15: the file of an early action selects the table for all that follow."""
    machine = agents.machine_with_tasks(
        agents.task("marked", ". ./helper; __sane_exit", "exit 1", meta=ORIGINAL)
    )
    agents.run(machine)
    assert agents.outcome(machine) == ("marked", "failed", "failed")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ({"Contents": "echo no hashbang\n"}, "exec format error"),
        ({"Contents": "#!/no/such/interpreter\n"}, "/no/such/interpreter is not on this machine"),
        ({"Contents": "print(1)\n", "Meta": {"Interpreter": "no-such-program"}}, "no-such-program"),
        ({"Contents": "x\n", "Path": '{{.Param "empty"}}'}, "is a directory"),
    ],
    ids=["no hashbang", "no interpreter", "no program", "empty path"],
)
def test_what_cannot_be_started(agents: Agents, script: Object, why: str) -> None:
    """Trap 14: an error, not an exit code: it ends the job, and the agent goes through INIT."""
    machine = agents.machine_with_tasks(
        agents.task("broken", {"Name": "part", **script}, "echo never"), Params={"empty": ""}
    )
    states = agents.run(machine, **PATIENT)
    assert agents.outcome(machine) == ("broken", "failed", "failed")
    assert agents.now(machine)["Runnable"] is False
    assert why in log_text(agents, machine)
    assert "never" not in log_text(agents, machine)
    assert states.count(State.INIT) == 2


def test_an_interpreter_of_the_template(agents: Agents) -> None:
    script = {
        "Name": "part",
        "Contents": "import sys; print(sys.argv[0])\n",
        "Meta": {"Interpreter": "python3"},
    }
    machine = agents.machine_with_tasks(agents.task("python", script))
    agents.run(machine)
    assert "./python-part" in log_text(agents, machine)
    assert agents.outcome(machine) == ("python", "finished", "complete")


def test_actions_for_another_system(agents: Agents) -> None:
    machine = agents.machine_with_tasks(
        agents.task(
            "systems",
            agents.script("echo for us", name="ours", Meta={"OS": "linux, darwin"}),
            agents.script("echo for them", name="theirs", Meta={"OS": "windows"}),
        )
    )
    agents.run(machine)
    assert "for us" in log_text(agents, machine)
    assert "for them" not in log_text(agents, machine)


def test_a_job_that_cannot_be_rendered_fails_once(agents: Agents) -> None:
    """Trap 13: as shipped it was tried every five seconds for ever."""
    machine = agents.machine_with_tasks(agents.task("needy", 'echo {{.Param "not-there"}}'))
    agents.run(machine, **PATIENT)
    (job,) = agents.jobs(machine)
    assert (job["State"], job["ExitState"]) == ("failed", "failed")
    assert agents.now(machine)["Runnable"] is False
    assert "Failed to render actions" in log_text(agents, machine)
    assert "No such machine parameter not-there" in log_text(agents, machine)


def test_a_job_without_actions(agents: Agents) -> None:
    machine = agents.machine_with_tasks(agents.task("nothing"))
    agents.run(machine)
    assert agents.outcome(machine) == ("nothing", "finished", "complete")


@pytest.mark.parametrize(("code", "state"), [(144, "incomplete"), (160, "incomplete"), (192, "incomplete")])
def test_combined_codes_keep_the_job(agents: Agents, code: int, state: str) -> None:
    """Trap 10, and the switch for who depends on it."""
    machine = agents.machine_with_tasks(agents.task("combined", f"exit {code}"))
    agents.run(machine)
    assert agents.job(machine)["State"] == state
    agents.runnable(machine)
    agents.run(machine, strict=True)
    assert agents.job(machine)["State"] == "finished"


def test_early_success(agents: Agents) -> None:
    """Trap 9: 128 on an action that is not the last; the machine goes on with its next task."""
    machine = agents.machine_with_tasks(
        agents.task("early", "exit 128", "echo never"), agents.task("next", "true")
    )
    agents.run(machine)
    assert [(job["Task"], job["State"]) for job in agents.jobs(machine)] == [
        ("early", "finished"),
        ("next", "finished"),
    ]


def test_an_incomplete_job_waits_for_somebody(agents: Agents) -> None:
    """Trap 11."""
    machine = agents.machine_with_tasks(agents.task("half", "exit 128"))
    agents.run(machine)
    assert agents.now(machine)["Runnable"] is False
    assert agents.job_request_statuses() == [201]


def test_the_machine_is_stopped_before_the_job_fails(agents: Agents) -> None:
    """Trap 12; and trap 8: that is no error of the agent."""
    machine = agents.machine_with_tasks(agents.task("bad", "exit 3"))
    assert agents.run(machine)[-1] == State.EXIT
    patched = [path.partition("/")[0] for method, path, _status in agents.requests if method == "PATCH"]
    assert patched == ["jobs", "machines", "jobs"]


def test_one_agent_per_machine(agents: Agents) -> None:
    machine = agents.machine()
    first = agents.agent(machine)
    second = agents.spawn(machine, "once")
    told, _none = second.communicate(timeout=LIMIT)
    assert second.returncode == 1
    assert f"another agent (process {os.getpid()}) already runs" in told
    first._agent_context.store.unlock()


def test_the_chroot(agents: Agents) -> None:
    """Trap 20: scripts run inside, files land inside, and nothing stays mounted."""
    if os.geteuid():
        pytest.skip("needs root")
    root = agents.folder / "root"
    _populate(root)
    inside = "[ -e /only-here ] && cat $RS_TASK_DIR/note && ls /proc/self > /seen && touch /was-here"
    agents.task("outer", "true")
    agents.task(
        "inner",
        {"Name": "file", "Path": "/etc/written", "Contents": "x\n"},
        {"Name": "note", "Path": "note", "Contents": "from the task directory\n"},
        agents.script(f"#!/bin/sh\n{inside}\n", name="look"),
    )
    machine = agents.machine(Tasks=["outer", f"chroot:{root}", "inner"])
    states = agents.run(machine, wait_timeout=0.5)
    assert agents.outcome(machine) == ("inner", "finished", "complete")
    assert "from the task directory" in log_text(agents, machine)
    assert (root / "etc/written").read_text() == "x\n"
    assert (root / "was-here").exists()
    assert (root / "seen").read_text()
    assert str(root) not in Path("/proc/self/mountinfo").read_text()
    assert {job["State"] for job in agents.jobs(machine)} == {"finished"}
    assert State.EXIT in states[:-1], "leaving the chroot is not the end"


def _populate(root: Path) -> None:
    """A root with a shell in it, and what that needs."""
    for folder in ("bin", "etc"):
        (root / folder).mkdir(parents=True)
    (root / "only-here").touch()
    for program in ("sh", "cat", "ls", "touch"):
        path = os.path.realpath(f"/bin/{program}")
        subprocess.run(["cp", path, str(root / "bin" / program)], check=True)
        linked = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
        for word in linked.split():
            if word.startswith("/"):
                (root / word[1:]).parent.mkdir(parents=True, exist_ok=True)
                subprocess.run(["cp", "-L", word, str(root / word[1:])], check=True)


def test_a_chroot_that_is_not_there(agents: Agents) -> None:
    machine = agents.machine(Tasks=["chroot:/no/such/folder"])
    agents.run(machine, **PATIENT)
    assert agents.job(machine)["State"] == "failed"
    assert agents.now(machine)["Runnable"] is False


def test_the_record_is_private(agents: Agents) -> None:
    machine = agents.machine(Params={"secret": "x"})
    agents.run(machine)
    state = agents.folder / "state"
    assert mode(state) == 0o700
    (file,) = state.glob("*.state")
    assert mode(file) == 0o600
    assert json.loads(file.read_text().splitlines()[-1])["machine"]["Uuid"] == machine["Uuid"]


def test_the_runner_directory(agents: Agents) -> None:
    """In the folder that the param names, which is made if need be; the next agent uses it again."""
    base = agents.folder / "made/for/it"
    machine = agents.machine_with_tasks(agents.task("first", "pwd"), Params={"runner-tmpdir": str(base)})
    agents.run(machine, runner_dir="")
    (runner,) = base.glob("runner-*")
    assert (mode(base), mode(runner)) == (0o1777, 0o755)
    assert f"{runner}/first-" in log_text(agents, machine)
    assert [path.name for path in runner.iterdir()] == ["drp-agent"]
    agents.run(machine, runner_dir="")
    assert list(base.iterdir()) == [runner]
