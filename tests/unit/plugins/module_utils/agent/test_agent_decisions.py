# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions that need no running server: stages, waits, reboots, kexec, contexts of a v4 server."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.agent import machine_watch
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.context import (
    AgentContext,
    RunnerSettings,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.host import (
    kexec,
    reboot,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.host.power import (
    NoPower,
    PowerFailed,
    SystemPower,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.job import (
    change_stage,
    job_requests,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.job.change_stage import (
    PowerAction,
    StageChange,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.retry import StopSignal
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.script import chroot
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.served import Served
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.state import Store
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    ApiError,
    Conflict,
    ConnectionFailed,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import params

UUID = "3e7031fe-0000-4000-8000-000000000001"
MACHINE = Served("machines", UUID)
CLUSTER = Served("clusters", UUID)


# -- change-stage/map


@pytest.mark.parametrize(
    ("stage_map", "bootenv", "wanted"),
    [
        (None, "local", StageChange("here")),
        ({}, "local", StageChange("here")),
        (None, "centos-install", StageChange("local")),
        ({"here": "", "x": "y"}, "centos-install", StageChange("local")),
        ({"here": "next"}, "centos-install", StageChange("next")),
        ({"here": "next:Success"}, "local", StageChange("next")),
        ({"here": "next:Reboot"}, "local", StageChange("next", PowerAction.REBOOT)),
        ({"here": "next:Stop"}, "local", StageChange("next", PowerAction.STOP)),
        ({"here": "next:Shutdown"}, "local", StageChange("next", PowerAction.SHUTDOWN)),
        ({"here": "next:Poweroff"}, "local", StageChange("next", PowerAction.SHUTDOWN)),
        ({"here": "next:shutdown"}, "local", StageChange("next")),
        ({"here": "next:Reboot:more"}, "local", StageChange("next")),
        ({"other": "next"}, "install-not", StageChange("here")),
    ],
)
def test_the_map(stage_map: Any, bootenv: str, wanted: StageChange) -> None:
    """Traps 1 and 7: the words, and whose name ends in -install."""
    assert change_stage.choose_stage(stage_map, "here", bootenv) == wanted


@pytest.mark.parametrize("stage_map", [[], "next", {"here": 1}, {"other": None}])
def test_a_map_of_the_wrong_shape(stage_map: Any) -> None:
    with pytest.raises(change_stage.InvalidStageMap):
        change_stage.choose_stage(stage_map, "here", "local")


def test_a_map_that_cannot_be_read_is_empty(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: Any, **_options: Any) -> Any:
        raise ConnectionFailed("away")

    monkeypatch.setattr(params, "get", away)
    machine = {"Uuid": UUID, "Stage": "here", "BootEnv": "local"}
    assert change_stage.next_stage(client, MACHINE, machine) is None


# -- waits


@pytest.mark.parametrize("name", ["CurrentTask", "Tasks", "Runnable", "BootEnv", "Stage"])
def test_what_counts_as_a_change(name: str) -> None:
    before = {"CurrentTask": 1, "Tasks": ["a"], "Runnable": True, "BootEnv": "b", "Stage": "s", "Name": "n"}
    changed = machine_watch.changed_from(before)
    assert not changed({**before, "Name": "another"})
    assert changed({**before, name: "different"})


@pytest.mark.parametrize(
    ("machine", "context", "wanted"),
    [
        ({"Available": True}, "", True),
        ({"Available": False}, "", False),
        ({}, "", False),
        ({"Available": True, "Context": ""}, "", True),
        ({"Available": True, "Context": "ansible"}, "", False),
        ({"Available": True, "Context": "ansible"}, "ansible", True),
        ({"Available": True, "Context": "ansible", "BootEnv": "new"}, "", True),
        ({"Available": True, "WorkOrderMode": True}, "", False),
        ({"Available": True, "WorkOrderMode": False}, "", True),
    ],
)
def test_availability_and_context(machine: dict[str, Any], context: str, wanted: bool) -> None:
    test = machine_watch.ready(lambda _machine: True, {"BootEnv": "old"}, context)
    assert test({"BootEnv": "old", **machine}) is wanted


# -- jobs


def test_the_context_is_sent_only_when_there_is_one(client: Any) -> None:
    sent: list[dict[str, Any]] = []
    client.on_job_request = lambda wanted: sent.append(wanted)
    assert job_requests.next_job(client, MACHINE, "j") is None
    assert job_requests.next_job(client, MACHINE, "j", "ansible") is None
    assert sent == [{"Machine": UUID, "Uuid": "j"}, {"Machine": UUID, "Uuid": "j", "Context": "ansible"}]


def test_a_reply_without_a_state_is_no_job(client: Any) -> None:
    client.on_job_request = lambda wanted: {"State": ""}
    assert job_requests.next_job(client, MACHINE, "j") is None


def test_a_lost_answer_to_a_post_that_made_the_job(client: Any) -> None:
    """The second try is answered 500: the UUID exists."""
    client.objects["jobs", UUID] = {"Uuid": UUID, "State": "created"}

    def answer(wanted: Any) -> Any:
        raise ApiError("exists", code=500, attempts=2)

    client.on_job_request = answer
    assert job_requests.next_job(client, MACHINE, UUID) == {"Uuid": UUID, "State": "created"}


def test_a_failed_action_of_the_server_is_not_ours(client: Any) -> None:
    """Trap 21: 500 to the first try is an error."""

    def answer(wanted: Any) -> Any:
        raise ApiError("the plugin failed", code=500, attempts=1)

    client.on_job_request = answer
    with pytest.raises(ApiError, match="the plugin failed"):
        job_requests.next_job(client, MACHINE, "j")


def test_a_patch_that_had_arrived(client: Any) -> None:
    def refuse(*_args: Any) -> Any:
        raise Conflict("test failed", code=409)

    client.patch_with = refuse
    job = client.objects["jobs", "j"] = {"Uuid": "j", "State": "finished", "ExitState": "complete"}
    assert job_requests.end(client, {"Uuid": "j"}, "finished", "complete") == job
    with pytest.raises(Conflict):
        job_requests.end(client, {"Uuid": "j"}, "finished", "reboot")
    with pytest.raises(Conflict):
        job_requests.start(client, {"Uuid": "j", "State": "created"})


def test_patches_of_a_job(client: Any) -> None:
    job_requests.start(client, {"Uuid": "j", "State": "incomplete"})
    job_requests.end(client, {"Uuid": "j"}, "incomplete", "reboot")
    job_requests.fail(client, {"Uuid": "j", "State": "created"})
    job_requests.make_not_runnable(client, MACHINE)
    sent = [[(one["op"], one["path"], one["value"]) for one in ops] for _kind, _key, ops in client.patches]
    assert sent == [
        [("test", "/State", "incomplete"), ("replace", "/State", "running")],
        [
            ("test", "/State", "running"),
            ("replace", "/State", "incomplete"),
            ("replace", "/ExitState", "reboot"),
        ],
        [("test", "/State", "created"), ("replace", "/State", "failed")],
        [("test", "/Runnable", True), ("replace", "/Runnable", False)],
    ]


# -- power


def agent_context(client: Any, context: str = "", served: Served = MACHINE) -> Any:
    said: list[str] = []
    return SimpleNamespace(client=client, served=served, context=context, report=said.append, said=said)


def test_within_an_installation_the_installer_reboots(client: Any) -> None:
    power = SystemPower()
    way = reboot.choose_reboot(agent_context(client), {"BootEnv": "os-install"}, power, use_kexec=True)
    assert way == reboot.RebootKind.EXIT


@pytest.mark.parametrize(
    ("machine", "context", "patched"),
    [
        ({"BootEnv": "x"}, "", False),
        ({"BootEnv": "x", "Context": ""}, "", True),
        ({"BootEnv": "x", "Context": "ansible"}, "", False),
        ({"BootEnv": "x", "Context": ""}, "ansible", False),
    ],
)
def test_a_v4_machine_is_marked_before_it_reboots(
    client: Any, machine: dict[str, Any], context: str, patched: bool
) -> None:
    reboot.choose_reboot(agent_context(client, context), machine, NoPower(), use_kexec=False)
    assert bool(client.patches) is patched
    if patched:
        assert [one["path"] for one in client.patches[0][2]] == ["/Context", "/Runnable"]


@pytest.mark.parametrize("bootenv", ["local", "os-install"])
def test_only_machines_have_power(client: Any, bootenv: str) -> None:
    """A cluster's agent runs on a host that is none of the cluster's business: it is left alone."""
    shared = agent_context(client, served=CLUSTER)
    machine = {"BootEnv": bootenv, "Context": ""}
    way = reboot.choose_reboot(shared, machine, SystemPower(pytest.fail), use_kexec=True)
    assert way == reboot.RebootKind.STAY
    assert reboot.choose_poweroff(shared) == reboot.RebootKind.STAY
    assert reboot.choose_poweroff(agent_context(client)) == reboot.RebootKind.POWEROFF
    assert client.patches == []
    assert shared.said == [
        "A cluster is not rebooted: only machines are. The agent goes on",
        "A cluster is not powered off: only machines are. The agent goes on",
    ]


@pytest.mark.parametrize(("status", "error"), [(0, False), (1, True), (127, True)])
def test_the_commands(status: int, error: bool) -> None:
    done: list[list[str]] = []

    def run(command: Any) -> int:
        done.append(list(command))
        return status

    for name in ("reboot", "poweroff"):
        power = SystemPower(run)
        if error:
            with pytest.raises(PowerFailed, match=f"Failed to {name}"):
                getattr(power, name)()
        else:
            getattr(power, name)()
    assert done == [["reboot"], ["poweroff"]]


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"etc/init.d/kexec": ""}, ["telinit", "6"]),
        ({"etc/init.d/halt": "something kexec something"}, ["telinit", "6"]),
        ({"etc/init.d/halt": "plain"}, ["kexec", "-e"]),
        ({}, ["kexec", "-e"]),
    ],
)
def test_ways_to_kexec(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], wanted: list[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    done: list[Any] = []
    assert SystemPower(lambda command: done.append(command) or 0, str(tmp_path)).kexec()
    assert done == [wanted]


# -- kexec


def test_what_the_server_says_about_the_kernel() -> None:
    text = "kernel http://s/k\ninitrd http://s/i\nparams a=b c\n\nother x\n"
    assert kexec.parse(text) == ("http://s/k", "http://s/i", "a=b c")


@pytest.mark.parametrize("text", ["", "kernel a\n", "kernel a\ninitrd b\ninitrd c\n", "kernel\ninitrd x\n"])
def test_what_is_not_enough(text: str) -> None:
    with pytest.raises(kexec.KexecUnavailable):
        kexec.parse(text)


@pytest.mark.parametrize(
    ("cmdline", "values", "wanted"),
    [
        ("quiet BOOTIF=01-aa more", {}, "params BOOTIF=01-aa"),
        ("quiet", {"last-boot-macaddr": "aa:bb"}, "params BOOTIF=aa:bb"),
        ("quiet", {}, ""),
    ],
)
def test_staging(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cmdline: str, values: Any, wanted: str
) -> None:
    client.endpoint = "http://drp.example.com:8090"
    param_values = {"kexec-ok": True, **values}
    monkeypatch.setattr(params, "get", lambda _client, _kind, _key, name, **_options: param_values.get(name))
    monkeypatch.setattr(kexec.shutil, "which", lambda name: f"/sbin/{name}")
    (tmp_path / "cmdline").write_text(cmdline)
    fetched: list[str] = []
    ran: list[list[str]] = []

    def fetch(url: str, target: str) -> None:
        fetched.append(url)
        Path(target).write_text("kernel http://s/k\ninitrd http://s/i\nparams params\n")

    def run(command: Any) -> int:
        ran.append(command)
        return 0

    if not wanted:
        with pytest.raises(kexec.KexecUnavailable, match="interface"):
            kexec.load_kernel(client, MACHINE, fetch, run, str(tmp_path / "cmdline"))
        return
    kexec.load_kernel(client, MACHINE, fetch, run, str(tmp_path / "cmdline"))
    assert fetched == [f"http://drp.example.com:8091/machines/{UUID}/kexec", "http://s/k", "http://s/i"]
    assert ran[0][:2] == ["/sbin/kexec", "-l"]
    assert ran[0][-1] == f"--command-line={wanted}"


def test_kexec_is_asked_for(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(params, "get", lambda *_args, **_options: "true")
    monkeypatch.setattr(kexec.shutil, "which", lambda name: f"/sbin/{name}")
    with pytest.raises(kexec.KexecUnavailable, match="kexec-ok"):
        kexec.load_kernel(client, MACHINE)


# -- chroot


def test_mounts_are_undone_the_newest_first(tmp_path: Path) -> None:
    done: list[str] = []
    root = str(tmp_path)
    with chroot.Chroot(root, ["/run/tasks"], lambda command: done.append(" ".join(command))):
        done.append("inside")
    places = ["/proc", "/sys", "/dev", "/dev/pts", "/run/tasks"]
    assert done == [
        *(f"mount --bind {place} {root}{place}" for place in places),
        "inside",
        *(f"umount {root}{place}" for place in reversed(places)),
    ]


def test_a_mount_that_fails_undoes_the_others(tmp_path: Path) -> None:
    done: list[str] = []

    def run(command: Any) -> None:
        if command[-1].endswith("/dev"):
            raise OSError("no")
        done.append(" ".join(command))

    with pytest.raises(OSError, match="no"), chroot.Chroot(str(tmp_path), (), run):
        pass
    assert [line.split()[0] for line in done] == ["mount", "mount", "umount", "umount"]


def test_a_busy_mount_is_taken_out_of_sight(tmp_path: Path) -> None:
    done: list[str] = []

    def run(command: Any) -> None:
        done.append(" ".join(command))
        if command[0] == "umount" and command[1] != "-l":
            raise OSError("busy")

    with chroot.Chroot(str(tmp_path), (), run):
        pass
    assert sum(line.startswith("umount -l") for line in done) == 4


def test_without_a_root_nothing_is_mounted() -> None:
    with chroot.Chroot("", ("/x",), lambda command: pytest.fail(str(command))):
        pass


# -- tokens


@pytest.mark.parametrize(
    ("job", "token"), [({"Token": "of-the-job"}, "of-the-job"), ({}, "the-token-of-the-agent")]
)
def test_whose_token_scripts_get(client: Any, tmp_path: Path, job: dict[str, str], token: str) -> None:
    """A v4 server gives a job a token of its own."""
    shared = AgentContext(client, Store(str(tmp_path), UUID), StopSignal(), RunnerSettings(), print, MACHINE)
    assert shared.environment_for(job).token == token
