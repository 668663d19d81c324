# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of actions, the commands that run them, and the environment of those."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.script import scripts
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.script.scripts import CannotStart

TOKEN = "Zm9vYmFy-" * 8


def action(**members: Any) -> dict[str, Any]:
    return {"Name": "part", "Path": "", "Content": "", "Meta": {}, **members}


@pytest.mark.parametrize(
    ("path", "root", "wanted"),
    [
        ("/etc/x", "", "/etc/x"),
        ("/etc/../x", "", "/x"),
        ("/etc/x", "/mnt", "/mnt/etc/x"),
        ("sub/x", "", "/task/sub/x"),
        ("sub/x", "/mnt", "/task/sub/x"),
        ("./x", "", "/task/x"),
    ],
)
def test_where_a_file_goes(path: str, root: str, wanted: str) -> None:
    assert scripts.target_path(action(Path=path), "/task", root) == wanted


@pytest.mark.parametrize(
    "content",
    [
        f"export RS_TOKEN={TOKEN}",
        f"RS_TOKEN: '{TOKEN}'",
        "RS_KEY=rocketskates:r0cketsk8ts",
        f"Token: {TOKEN}",
        f'{{"token": "{TOKEN}"}}',
        f"Authorization: Bearer {TOKEN}",
        "something with our-own-token in it",
    ],
)
def test_what_carries_a_token(content: str) -> None:
    assert scripts.contains_secret(content, ["our-own-token"])


@pytest.mark.parametrize(
    "content", ["", "hello", "export RS_TOKEN", 'drpcli -T "$RS_TOKEN"', 'RS_TOKEN="$1"', "token: short"]
)
def test_what_does_not(content: str) -> None:
    assert not scripts.contains_secret(content, ["our-own-token", ""])


def test_a_private_file_is_never_open_for_a_moment(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old and longer")
    path.chmod(0o644)
    scripts.write(str(path), "new", 0o600)
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("meta", "name", "wanted"),
    [
        ({}, "task-part", ["./task-part"]),
        ({"Interpreter": "python3 -u"}, "task-part", ["python3 -u", "./task-part"]),
        ({"Interpreter": "sh"}, "task-x.ps1", ["sh", "./task-x.ps1"]),
        ({}, "x.ps1", ["powershell.exe", "-ExecutionPolicy", "Bypass", "-File", "./x.ps1"]),
        (None, "task-part", ["./task-part"]),
    ],
)
def test_command_lines(meta: Any, name: str, wanted: list[str]) -> None:
    assert scripts.command_of(action(Meta=meta), name) == wanted


def test_names_of_scripts(tmp_path: Path) -> None:
    name = scripts.script_name(action(Name="a/b c"), "task")
    assert name == "task-a_b c"
    scripts.write_script(name, "#!/bin/sh\n", str(tmp_path))
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"echo", "exec format error"),
        (b"", "exec format error"),
        (b"#!\n", "exec format error"),
        (b"#!/nowhere/sh -e\n", "/nowhere/sh is not on this machine"),
        (b"#!/bin/sh\r\necho\r\n", "first line ends with a carriage return"),
        (b"#!/usr/bin/env python3\r\n", "first line ends with a carriage return"),
        (b"#!/bin/sh -e\r", "first line ends with a carriage return"),
        (b"#!/bin/sh\necho\r\n", ""),
        (b"#!/bin/sh\n", ""),
        (b"#! /bin/sh -e\n", ""),
        (b"\x7fELF...", ""),
    ],
)
def test_what_the_kernel_would_refuse(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "script").write_bytes(content)
    if why:
        with pytest.raises(CannotStart, match=why):
            scripts.check_startable(["./script"], str(tmp_path), "/bin")
    else:
        scripts.check_startable(["./script"], str(tmp_path), "/bin")


def test_systems_are_filtered_only_if_the_first_action_names_some() -> None:
    """As in the reference: the server has filtered already."""
    ours = action(Name="ours", Meta={"OS": "linux"})
    anybody = action(Name="any", Meta={"OS": "windows, any"})
    theirs = action(Name="theirs", Meta={"OS": "windows"})
    plain = action(Name="plain")
    assert scripts.actions_for([ours, theirs, anybody, plain]) == [ours, anybody, plain]
    assert scripts.actions_for([plain, theirs]) == [plain, theirs]
    assert scripts.actions_for([]) == []


def test_the_environment_has_the_right_values() -> None:
    script_environment = scripts.ScriptEnvironment(
        "uuid", "https://drp", "token", "/tmp/runner-1", {"DRP_AGENT_CA_PATH": "/ca"}
    )
    inherited = {"PATH": "/bin", "RS_TOKEN": "x", "RS_KEY": "a:b", "RS_ENDPOINTS": "y", "WATCHDOG_USEC": "1"}
    assert script_environment.environment("/tmp/runner-1/task", inherited) == {
        "PATH": "/bin",
        "RS_KEY": "a:b",
        "RS_UUID": "uuid",
        "RS_ENDPOINT": "https://drp",
        "RS_TOKEN": "token",
        "RS_TASK_DIR": "/tmp/runner-1/task",
        "RS_RUNNER_DIR": "/tmp/runner-1",
        "TMPDIR": "/tmp",
        "TMP": "/tmp",
        "HOME": "/tmp/runner-1",
        "DRP_AGENT": "/tmp/runner-1/drp-agent",
        "DRP_AGENT_CA_PATH": "/ca",
    }
    assert script_environment.environment("/x", {"HOME": "/root"})["HOME"] == "/root"


def test_a_file_where_none_can_be(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="is a directory"):
        scripts.write_file(action(Path="."), str(tmp_path), [])
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="Not a directory"):
        scripts.write_file(action(Path="file/below"), str(tmp_path), [])


def test_the_umask_counts(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        scripts.write_file(action(Path="deep/file", Content="x"), str(tmp_path), [])
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "deep/file").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "deep").stat().st_mode) == 0o750
