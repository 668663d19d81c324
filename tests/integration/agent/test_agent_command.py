# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command: its verbs, its exit status, and the one file that runs on any Python from 3.9."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from patience import LIMIT, NEVER, eventually

from agentlab import PACKAGE, ROOT, Agents, Object
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.command import build


def call(agents: Agents, node: Object, *words: str, **changes: Any) -> tuple[int, str]:
    agent = agents.spawn(node, *words, **changes)
    said, _none = agent.communicate(timeout=LIMIT)
    return agent.returncode, said


def test_params(agents: Agents) -> None:
    machine = agents.machine(Params={"there": {"a": [1]}})
    assert call(agents, machine, "param", "get", "there") == (0, '{\n  "a": [\n    1\n  ]\n}\n')
    assert call(agents, machine, "param", "get", "not-there") == (0, "null\n")
    assert call(agents, machine, "param", "set", "new", "12:30") == (0, '"12:30"\n')
    assert agents.now(machine)["Params"]["new"] == "12:30"
    status, said = call(agents, machine, "param", "get", "there", token="no-token")
    assert (status, said.count("\n")) == (1, 1)
    assert "does not accept the token" in said
    assert "no-token" not in said


def test_status(agents: Agents) -> None:
    machine = agents.machine_with_tasks(agents.task("long", f"touch {agents.folder}/begun; sleep 60"))
    assert call(agents, machine, "status")[0] == 1
    agent = agents.spawn(machine, "run", wait_timeout=NEVER)
    eventually((agents.folder / "begun").exists)
    status, said = call(agents, machine, "status", "--json")
    told = json.loads(said)
    assert status == 0
    assert (told["running"], told["pid"], told["state"]) == (True, agent.pid, "RUN_TASK")
    assert told["job"]["phase"] == "running"
    agent.terminate()
    agent.communicate(timeout=LIMIT)


@pytest.mark.needs_counters
def test_a_clean_check(agents: Agents) -> None:
    machine = agents.machine()
    status, said = call(agents, machine, "check")
    assert status == 0, said
    names = "python state_dir runner_dir endpoint tls token clock machine claims events runnable"
    for what in names.split():
        assert f"ok    {what}: " in said
    assert agents.simulator.stats()["writes"] == 1, "only the machine was made"


@pytest.mark.parametrize(
    ("changes", "what", "advice"),
    [
        ({"token": "wrong"}, "token", "write a fresh token"),
        ({"endpoint": "https://127.0.0.1:1"}, "endpoint", "check the endpoint"),
        ({"ca_path": "", "cert_fingerprint": "00" * 32}, "tls", "set ca_path or cert_fingerprint"),
        ({"ca_path": "", "validate_certs": False}, "tls", "instead of validate_certs: false"),
        ({"machine": "Name:nobody.example.com"}, "machine", "set machine to the UUID"),
        ({"ca_path": "/nowhere"}, "configuration", "correct the named option"),
        ({"runner_dir": "/proc"}, "runner_dir", "noexec"),
    ],
)
def test_what_is_wrong_is_named(agents: Agents, changes: Object, what: str, advice: str) -> None:
    machine = agents.machine()
    status, said = call(agents, machine, "check", **changes)
    assert status == 1
    assert f"FAIL  {what}: " in said
    assert advice in said
    assert "Traceback" not in said


def test_why_nothing_runs(agents: Agents) -> None:
    machine = agents.machine_with_tasks(agents.task("bad", "exit 1"))
    agents.run(machine)
    status, said = call(agents, machine, "check")
    assert status == 1
    assert "the machine is not runnable; its last job (bad) is failed" in said


@pytest.mark.parametrize("words", [[], ["dance"], ["param"], ["run", "--wait-timeout", "soon"]])
def test_wrong_usage(agents: Agents, words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"{PACKAGE}.command.cli", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / ".venv/collections")},
        check=False,
    )
    assert done.returncode == 2
    assert "usage: drp-agent" in done.stderr


def test_once_is_what_oneshot_was(agents: Agents) -> None:
    machine = agents.machine_with_tasks(agents.task("first", "exit 9"))
    config = agents.folder / "agent.yml"
    told = agents.config(machine)
    names = ("endpoint", "ca_path", "token", "machine")
    config.write_text(json.dumps({name: getattr(told, name) for name in names}))
    command = [sys.executable, "-m", f"{PACKAGE}.command.cli", "once", "-c", str(config)]
    done = subprocess.run(
        [*command, "--state-dir", str(agents.folder / "state"), "--runner-dir", str(agents.folder)],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / ".venv/collections"), "NO_PROXY": "*"},
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert agents.outcome(machine) == ("first", "failed", "failed")


def test_systemd_hears_of_it(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"/tmp/drp-agent-test-{os.getpid()}"
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    monkeypatch.setenv("WATCHDOG_USEC", "600000")
    heard: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)

        def listen() -> None:
            while not heard or heard[-1] != "STOPPING=1":
                heard.append(systemd.recv(200).decode())

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        try:
            assert call(agents, agents.machine(), "run", wait_timeout=1.0)[0] == 0
            listener.join(LIMIT)
        finally:
            os.unlink(address)
    assert "READY=1\nSTATUS=CONNECTING" in heard[:2]
    assert "STATUS=INIT" in heard
    assert "STATUS=WAIT_FOR_CHANGE_STAGE" in heard
    assert heard.count("WATCHDOG=1") >= 3
    assert heard[-1] == "STOPPING=1"


def pythons() -> list[str]:
    """One of each version from 3.9 that is on this machine, apart from the one that runs the tests."""
    found = {f"{sys.version_info[0]}.{sys.version_info[1]}": sys.executable}
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for path in sorted(root.glob("3.*/bin/python")):
        version = ".".join(path.parts[-3].split(".")[:2])
        if int(version.split(".")[1]) >= 9:
            found.setdefault(version, str(path))
    return [found[version] for version in sorted(found, key=lambda text: int(text.split(".")[1]))]


@pytest.fixture(scope="module")
def zipapp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``make agent`` has built, else a build of the packages of this environment."""
    made = ROOT / "build/agent"
    path = tmp_path_factory.mktemp("zipapp") / "drp-agent"
    path.write_bytes(build.build(str(made) if made.is_dir() else None).content)
    path.chmod(0o755)
    return path


def require_packages_for(zipapp: Path, python: str) -> None:
    """Skip when the packages in the zipapp are not for such an old Python."""
    with zipfile.ZipFile(zipapp) as archive:
        wanted = json.loads(archive.read("drp_agent/about.json"))["python"]
    asked = [python, "-c", "import sys; print(sys.version_info[1])"]
    here = int(subprocess.run(asked, capture_output=True, check=True).stdout)
    if here < int(wanted.rpartition(".")[2]):
        pytest.skip(f"the packages of this environment need Python {wanted}; make agent takes older ones")


@pytest.mark.parametrize("python", pythons(), ids=lambda path: Path(path).parts[-3])
def test_the_zipapp_runs_a_job(agents: Agents, zipapp: Path, python: str) -> None:
    """With nothing installed: isolated, and from a folder where none of the sources are."""
    require_packages_for(zipapp, python)
    text = ". ./helper; set_param from zipapp"
    machine = agents.machine_with_tasks(agents.task("first", text))
    agent = agents.spawn(machine, "once", program=[python, "-I", str(zipapp)])
    said, _none = agent.communicate(timeout=LIMIT)
    assert agent.returncode == 0, said
    assert agents.outcome(machine) == ("first", "finished", "complete"), agents.log(agents.job(machine))
    assert agents.now(machine)["Params"] == {"from": "zipapp"}


UNUSED = {
    *("argparse", "ast", "bz2", "concurrent.futures", "decimal", "difflib", "dis", "gettext", "idna"),
    *("importlib.metadata", "inspect", "linecache", "lzma", "pathlib", "platform", "stringprep"),
    *("tokenize", "traceback", "urllib.request", "uuid", "websocket._app", "yaml", "zipfile"),
    *("drp_agent.agent.command.options", "drp_agent.agent.command.preflight", "drp_agent.agent.host.kexec"),
    *("drp_agent.client.formats", "drp_agent.client.typed"),
}
"""What an agent that waits for work must not hold in memory.  See its stand_ins.py."""


@pytest.mark.parametrize("python", pythons(), ids=lambda path: Path(path).parts[-3])
def test_an_idle_agent_has_loaded_little(agents: Agents, zipapp: Path, python: str) -> None:
    """After a job, with a configuration in YAML.  What is needed to start is gone."""
    require_packages_for(zipapp, python)
    folder, noted, config = (agents.folder / name for name in ("program", "noted", "agent.yml"))
    with zipfile.ZipFile(zipapp) as archive:
        archive.extractall(folder)
    (folder / ".stamp").touch()  # scripts are to be told that it is unpacked
    main = folder / "__main__.py"
    note = (
        "import atexit\n"
        "def note():\n"
        "    names = [name for name, module in sys.modules.items() if getattr(module, '__spec__', None)]\n"
        f"    with open({str(noted)!r}, 'w') as file:\n"
        "        file.write(' '.join(names))\n"
        "atexit.register(note)\n"
    )
    main.write_text(main.read_text().replace("sys.exit(main())", f"{note}sys.exit(main())"))
    config.write_text("retry_pause: 0.1\n")
    machine = agents.machine_with_tasks(agents.task("first", ". ./helper; set_param from here"))
    program = [python, "-I", "-OO", str(folder)]
    agent = agents.spawn(machine, "run", "-c", str(config), program=program, wait_timeout=3600)
    try:
        eventually(lambda: agent.poll() is not None or agents.now(machine)["CurrentTask"] == 1)
    finally:
        agent.terminate()
        said, _none = agent.communicate(timeout=LIMIT)
    assert agent.returncode == 0, said
    loaded = set(noted.read_text().split())
    assert {"requests", "websocket", "drp_agent.client.events.channel"} <= loaded
    assert sorted(UNUSED & loaded) == []


def test_an_old_python_is_told(zipapp: Path) -> None:
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    old = next(iter(sorted(root.glob("3.[678].*/bin/python"))), None)
    if old is None:
        pytest.skip("no Python older than 3.9 is here")
    done = subprocess.run([str(old), str(zipapp), "status"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "drp-agent needs Python 3." in done.stderr
    assert "Traceback" not in done.stderr


def test_it_starts_by_its_first_line(zipapp: Path) -> None:
    if shutil.which("python3") is None:
        pytest.skip("no python3 on PATH")
    done = subprocess.run([str(zipapp), "--help"], capture_output=True, text=True, check=False)
    if "drp-agent needs Python" in done.stderr:
        pytest.skip(f"the packages of this environment are newer than python3: {done.stderr.strip()}")
    assert "Runs the jobs of a DRP machine" in done.stdout, done.stderr


def test_older_servers_have_no_clusters(agents: Agents) -> None:
    machine = agents.machine()
    agent = agents.spawn(machine, "once", kind="clusters")
    assert "kind: this server has no clusters: version 4 brought them" in agent.communicate(timeout=LIMIT)[0]
    assert agent.returncode == 1


def test_the_zipapp_goes_on_as_an_unpacked_program(agents: Agents, zipapp: Path) -> None:
    """From the state directory, if that is there; the process stays the same, and so does what it does."""
    (agents.folder / "state").mkdir(mode=0o700)
    machine = agents.machine_with_tasks(agents.task("first", ". ./helper; set_param from unpacked"))
    agent = agents.spawn(machine, "run", program=[sys.executable, str(zipapp)], wait_timeout=3600)
    try:
        eventually(lambda: agents.now(machine)["CurrentTask"] == 1)
        words = Path(f"/proc/{agent.pid}/cmdline").read_text(encoding="utf-8").split("\0")
        assert str(agents.folder / "state/program") in words
        assert agents.now(machine)["Params"] == {"from": "unpacked"}
    finally:
        agent.terminate()
        agent.communicate(timeout=LIMIT)


def test_a_state_directory_of_others_is_left_alone(agents: Agents, zipapp: Path) -> None:
    """What anybody may write is not run: the agent says so, as a zipapp."""
    (agents.folder / "state").mkdir()
    (agents.folder / "state").chmod(0o777)
    agent = agents.spawn(agents.machine(), "once", program=[sys.executable, str(zipapp)])
    assert "other users can change" in agent.communicate(timeout=LIMIT)[0]
    assert not list((agents.folder / "state").iterdir())
