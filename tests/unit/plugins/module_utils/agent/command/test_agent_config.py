# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration from four places, tokens in files, signs of life, the launcher."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from patience import LIMIT

from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.command import (
    build,
    config,
    trust,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.command import (
    connect as connecting,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.command.notify import Notifier
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.command.options import _HELP
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.command.token_file import (
    FileSession,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.script import launcher
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    LoginRequired,
    UsageError,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "agent.yml"


def test_the_nearer_place_wins(file: Path) -> None:
    file.write_text("endpoint: https://file\nmachine: file\ntask_timeout: 3\npower: false\n")
    environ = {"RS_ENDPOINT": "https://environment", "DRP_AGENT_MACHINE": "environment"}
    found = config.load({"machine": "option", "context": None}, environ, str(file))
    assert (found.endpoint, found.machine) == ("https://environment", "option")
    assert (found.task_timeout, found.power, found.context) == (3.0, False, "")
    assert found.state_dir == "/var/lib/drp-agent"


def test_credentials_are_taken_whole(file: Path) -> None:
    """A token of the environment is not second to a file of the configuration."""
    file.write_text("token_file: /etc/token\n")
    assert config.load({}, {}, str(file)).token_file == "/etc/token"
    found = config.load({}, {"RS_TOKEN": "job"}, str(file))
    assert (found.token, found.token_file) == ("job", "")
    found = config.load({"key": "a:b"}, {"RS_TOKEN": "job"}, str(file))
    assert (found.token, found.token_file, found.key) == ("", "", "a:b")


def test_the_official_configuration_is_read(file: Path) -> None:
    file.write_text(
        "Endpoints: https://a:8092,https://b:8092\nToken: t\nMachineID: m\nContext: c\nSkipRunnable: true\n"
        "AllowAutoUpdate: false\n"
    )
    found = config.load({}, {}, str(file))
    assert found.endpoint == "https://a:8092 https://b:8092"
    assert (found.token, found.machine, found.context, found.make_runnable) == ("t", "m", "c", False)
    assert config.connection_settings(found).endpoints == ("https://a:8092", "https://b:8092")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("endpont: x\n", "unknown option endpont"),
        ("- x\n", "must be a map"),
        ("power: perhaps\n", "power: 'perhaps' is not a bool"),
        ("task_timeout: soon\n", "task_timeout: 'soon' is not a float"),
        ("kill_grace: -1\n", "kill_grace: must not be negative"),
        ("a: [\n", "Cannot read"),
    ],
)
def test_mistakes_are_named(file: Path, text: str, complaint: str) -> None:
    file.write_text(text)
    with pytest.raises(UsageError, match=complaint):
        config.load({}, {}, str(file))


def test_a_named_file_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        config.load({}, {}, str(tmp_path / "none"))
    assert config.load({}, {"RS_UUID": "m"}).machine == "m"


def test_no_secret_is_shown() -> None:
    assert "hush" not in repr(config.Config(token="hush", key="a:hush"))


def test_every_option_is_explained() -> None:
    assert set(_HELP) == set(config.FIELDS)


def test_what_scripts_need_to_reach_the_server() -> None:
    told = config.Config(ca_path="/ca", cert_fingerprint="f", token="t").script_variables()
    assert told == {
        "DRP_AGENT_CONFIG": "/dev/null",
        "DRP_AGENT_VALIDATE_CERTS": "true",
        "DRP_AGENT_CA_PATH": "/ca",
        "DRP_AGENT_CERT_FINGERPRINT": "f",
    }


def test_a_token_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(" one \n")
    session = FileSession(str(path))
    assert session.token() == "one"
    assert session.replace_token("one") is False
    path.write_text("two\n")
    assert session.replace_token("one") is True
    assert session.token() == "two"
    path.unlink()
    assert session.replace_token("two") is False
    with pytest.raises(UsageError, match="token_file"):
        FileSession(str(path))


def test_a_token_in_several_files(tmp_path: Path) -> None:
    """systemd's copy is as old as the service; what is written to the file later counts."""
    copy, source = tmp_path / "copy", tmp_path / "source"
    for path, moment in ((source, 1000), (copy, 2000)):
        path.write_text("one\n")
        os.utime(path, (moment, moment))
    session = FileSession(f"{copy}:{source}")
    assert (session.token(), session.replace_token("one")) == ("one", False)
    source.write_text("two\n")
    assert (session.replace_token("one"), session.token()) == (True, "two")
    assert session.replace_token("two") is False
    source.unlink()
    assert (session.replace_token("two"), session.token()) == (True, "one")
    copy.unlink()
    assert session.replace_token("one") is False
    with pytest.raises(UsageError, match="token_file"):
        FileSession(f"{copy}:{source}")


def test_what_is_said_of_a_token_that_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("one")
    session = FileSession(str(path))
    for error in (session.on_token_revoked(), session.explain(LoginRequired())):
        assert str(path) in error.messages[0]
        assert "the agent reads it without a restart" in error.messages[0]


def test_whom_to_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's authorities; without any, a copy of certifi's that nobody tidies away."""
    assert trust.bundle(str(tmp_path)) == trust.system_bundle() != ""
    monkeypatch.setattr(trust, "system_bundle", lambda: "")
    copied = trust.bundle(str(tmp_path))
    assert copied == str(tmp_path / "cacert.pem")
    assert "BEGIN CERTIFICATE" in Path(copied).read_text(encoding="utf-8")
    options = config.Config(endpoint="https://x", token="t", state_dir=str(tmp_path))
    assert connecting.connect(options).transport.trust.ca_path == copied


# -- systemd


def test_signs_of_life(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(LIMIT)
        environ = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}
        notifier = Notifier(environ)
        notifier.send(READY="1", STATUS="INIT")
        assert systemd.recv(100) == b"READY=1\nSTATUS=INIT"
        notifier.feed_watchdog()
        notifier.feed_watchdog()
        assert systemd.recv(100) == b"WATCHDOG=1"
        systemd.setblocking(False)
        with pytest.raises(BlockingIOError):
            systemd.recv(100)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"NOTIFY_SOCKET": "/nowhere"},
        {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"},
    ],
)
def test_where_nobody_listens(environ: dict[str, str]) -> None:
    notifier = Notifier(environ)
    notifier.send(READY="1")
    notifier.feed_watchdog()


# -- one file


def test_the_build_is_reproducible_and_complete(tmp_path: Path) -> None:
    first, second = build.build(), build.build()
    assert first.content == second.content
    assert set(first.versions) == set(build.DISTRIBUTIONS.values())
    path = tmp_path / "drp-agent"
    path.write_bytes(first.content)
    assert first.content.startswith(b"#!/usr/bin/env python3\n")
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    assert {
        "__main__.py",
        "drp_agent/agent/command/cli.py",
        "drp_agent/client/client.py",
        "jsonpatch.py",
    } <= names
    assert not [name for name in names if name.endswith((".so", ".pyc")) or "/tests/" in name]
    assert "drp_agent/client/packs/bundle.py" not in names, "only what the agent needs"
    assert any(name.startswith("licences/requests/") for name in names)


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="pip install requests"):
        build.build(str(tmp_path))


def test_the_launcher_of_a_zipapp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts get it unpacked, anew when it has changed, and in a chroot as a copy."""
    program, runner, state = tmp_path / "agent.pyz", tmp_path / "run dir", tmp_path / "state"
    for folder in (runner, state):
        folder.mkdir()

    def release(number: int) -> None:
        with zipfile.ZipFile(program, "w") as archive:
            size = "#" * number  # of two files in one second, Python's cache knows only the sizes apart
            archive.writestr("__main__.py", f"import sys; print({number}, sys.argv[1:]){size}")
        os.utime(program, (number, number))
        launcher.write_launcher(str(runner), str(state))

    def say() -> str:
        done = subprocess.run([runner / "drp-agent", "a b"], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    monkeypatch.setattr(sys, "argv", [str(program)])
    release(1)
    assert say() == "1 ['a b']"
    release(2)
    assert say() == "2 ['a b']"
    launcher.copy_program(str(runner), str(state), "")
    (state / "program").rename(state / "hidden")
    assert say() == "2 ['a b']"


def make_connection(**changes: Any) -> config.Config:
    return config.Config(**{"endpoint": "https://x", "token": "t", **changes})


def test_without_a_machine_nothing_starts() -> None:
    client = connecting.connect(make_connection())
    with pytest.raises(UsageError, match="RS_UUID"):
        connecting.find_machine(client, make_connection())
