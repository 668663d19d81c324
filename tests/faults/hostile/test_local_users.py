# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root writes into a folder in which another user has laid something out for it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import threading
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from patience import LIMIT
from rogue_server import Seen, answer

from ansible_collections.digitalrebar.provision.plugins.module_utils import runner
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.context import AgentContext
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.script import scripts, task_files
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.script.helper import HELPER
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import DrpError, UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files import own, partial
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files.download import fetch
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files.staging import (
    Staging,
    replace_file,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.log_file import write_log
from ansible_collections.digitalrebar.provision.plugins.modules import drp_blob_fetch

CONTENT = b"the right content" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file of root that must stay as it is."""
    path = tmp_path / "victim"
    path.write_text("precious")
    path.chmod(0o600)
    return path


def untouched(victim: Path) -> bool:
    return victim.read_text() == "precious" and stat.S_IMODE(victim.stat().st_mode) == 0o600


@pytest.fixture
def blob(serve: t.Any) -> Callable[..., dict[str, t.Any]]:
    """Runs drp_blob_fetch; the server has the file ``a``."""

    def respond(request: Seen) -> list[bytes]:
        if request.headers.get("Range") == "bytes=0-0":
            ranges = {"Content_Range": f"bytes 0-0/{len(CONTENT)}"}
            return [answer(CONTENT[:1], "206 Partial", **ranges)]
        return [answer(CONTENT, Content_Type="application/octet-stream")]

    server = serve(respond)
    spec = drp_blob_fetch.SPEC["argument_spec"]
    defaults = {name: each.get("default") for name, each in spec.items()}
    common = {"endpoint": server.url, "token": "token-of-mine", "kind": "files", "path": "a"}

    def run(dest: Path, **options: t.Any) -> dict[str, t.Any]:
        return runner.run(
            drp_blob_fetch.run, {**defaults, **common, "dest": str(dest), **options}, environ={}
        )

    return run


def planted(kind: str, path: Path, victim: Path, owner: int) -> None:
    if kind == "file":
        path.write_text("theirs")
        path.chmod(0o666)
    elif kind == "link":
        path.symlink_to(victim)
    elif kind == "hard link":
        os.link(victim, path)
    else:
        os.mkfifo(path)
    if kind != "hard link":
        os.chown(path, owner, owner, follow_symlinks=False)


# -- downloads


@pytest.mark.parametrize("name", [".a.part", ".a.part.json", "a"])
@pytest.mark.parametrize("kind", ["file", "link", "hard link", "fifo"])
def test_something_planted_for_a_download(
    blob: t.Any, world: Path, victim: Path, stranger: int, kind: str, name: str
) -> None:
    planted(kind, world / name, victim, stranger)
    result = blob(world / "a")
    assert untouched(victim)
    if result.get("failed"):
        assert str(world / name) in result["msg"]
    else:  # then the result is ours, and nobody else's
        assert (world / "a").read_bytes() == CONTENT
        assert (world / "a").lstat().st_uid == os.geteuid()
        assert not (world / "a").is_symlink()


def test_the_copy_of_an_attacker_is_not_taken_for_the_right_one(
    blob: t.Any, world: Path, stranger: int
) -> None:
    (world / "a").write_bytes(CONTENT)
    os.chown(world / "a", stranger, stranger)
    result = blob(world / "a", checksum=SHA256, mode="0600")
    assert result["failed"]
    assert "another user" in result["msg"]
    assert (world / "a").stat().st_uid == stranger


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755, None])
def test_the_file_has_its_mode_before_it_has_its_name(
    blob: t.Any, world: Path, monkeypatch: pytest.MonkeyPatch, mode: int | None
) -> None:
    modes = []
    replace = os.replace

    def look(source: t.Any, target: t.Any, **options: t.Any) -> None:
        modes.append(stat.S_IMODE(os.stat(source).st_mode))
        replace(source, target, **options)

    def no_chmod(*_args: t.Any, **_options: t.Any) -> None:
        raise AssertionError("too late")

    monkeypatch.setattr(os, "replace", look)
    monkeypatch.setattr(os, "chmod", no_chmod)
    result = blob(world / "a", **({"mode": f"{mode:04o}"} if mode is not None else {}))
    assert not result.get("failed"), result
    wanted = own.default_mode() if mode is None else mode
    assert modes == [wanted]
    assert stat.S_IMODE((world / "a").stat().st_mode) == wanted


def test_a_part_is_for_nobody_else(serve: t.Any, world: Path) -> None:
    seen = []

    def respond(_request: Seen) -> t.Iterator[bytes]:
        yield answer(CONTENT, Content_Type="application/octet-stream")[:-10]
        seen.extend(stat.S_IMODE(path.stat().st_mode) for path in world.glob(".a.part"))
        yield CONTENT[-10:]

    fetch(f"{serve(respond).url}/a", str(world / "a"))
    assert all(not mode & 0o077 for mode in seen)


def test_a_lock_that_is_never_given_back(serve: t.Any, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partial, "_LOCK_PATIENCE", 0.5)
    (world / ".a.part").touch(mode=0o600)
    server = serve(lambda _request: [answer(CONTENT)])
    with open(world / ".a.part", "rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(DrpError, match="locked by another process"):
            fetch(f"{server.url}/a", str(world / "a"))
    assert fetch(f"{server.url}/a", str(world / "a")).sha256 == SHA256


# -- other files that we write


def test_packs_and_logs_go_through_no_foreign_link(
    connect: t.Any, world: Path, victim: Path, stranger: int
) -> None:
    (world / "out").symlink_to(victim)
    os.chown(world / "out", stranger, stranger, follow_symlinks=False)
    (world / "folder").symlink_to(victim.parent)
    os.chown(world / "folder", stranger, stranger, follow_symlinks=False)
    works: list[Callable[[], object]] = [
        lambda: replace_file(str(world / "out"), b"theirs"),
        lambda: Staging(str(world / "folder"), {"victim": b"theirs"}).commit(),
        lambda: replace_file(str(world / "folder/victim"), b"theirs"),
        lambda: write_log(connect("http://127.0.0.1:9"), "job", str(world / "out"), False),
    ]
    for work in works:
        with pytest.raises(UsageError, match="another user"):
            work()
    assert untouched(victim)


@pytest.mark.parametrize("path", ["out", "folder/victim", "owned/out"])
def test_a_file_of_a_job_goes_through_no_foreign_link(
    world: Path, victim: Path, stranger: int, path: str
) -> None:
    (world / "owned").mkdir(mode=0o777)
    os.chown(world / "owned", stranger, stranger)
    for name, target in (("out", victim), ("folder", victim.parent)):
        (world / name).symlink_to(target)
        os.chown(world / name, stranger, stranger, follow_symlinks=False)
    action = {"Name": "part", "Path": str(world / path), "Content": "theirs"}
    with pytest.raises(scripts.CannotStart, match="another user"):
        scripts.write_file(action, str(world), ())
    assert untouched(victim)
    assert list((world / "owned").iterdir()) == []


def test_what_appears_between_the_look_and_the_write(
    world: Path, victim: Path, stranger: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_now = os.open

    def slow_open(path: t.Any, *args: t.Any, **options: t.Any) -> int:
        if os.path.basename(path) == "out" and not os.path.lexists(world / "out"):
            planted("file", world / "out", victim, stranger)
        return open_now(path, *args, **options)

    monkeypatch.setattr(os, "open", slow_open)
    with pytest.raises(own.NotOurs):
        task_files.write(str(world / "out"), "mine", 0o644)
    assert (world / "out").read_text() == "theirs"


def test_a_runner_directory_that_somebody_has_made_anew(
    world: Path, tmp_path: Path, stranger: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever tidies /tmp removes it; another user is there before us."""
    theirs = world / "runner-abc"
    theirs.mkdir(mode=0o777)
    os.chown(theirs, stranger, stranger)
    context: t.Any = AgentContext.__new__(AgentContext)
    context.runner_dir = str(theirs)
    context.store = type("Store", (), {"directory": str(tmp_path)})
    monkeypatch.setattr(AgentContext, "_runner_base", lambda _self: str(world))
    made = Path(context.task_dir("task", "job"))
    assert made.parent != theirs
    assert made.parent.stat().st_uid == os.geteuid()
    assert list(theirs.iterdir()) == []


def test_the_helper_names_no_file_in_a_folder_of_everybody() -> None:
    written = [line for line in HELPER.splitlines() if ">" in line or "stamp=" in line]
    assert written
    assert not [line for line in written if "/tmp" in line or "/var/tmp" in line]


def test_two_that_wait_for_one_another_do_not_hang(serve: t.Any, world: Path) -> None:
    server = serve(lambda _request: [answer(CONTENT)])
    threads = [
        threading.Thread(target=fetch, args=(f"{server.url}/a", str(world / "a")), daemon=True)
        for _number in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert not any(thread.is_alive() for thread in threads)
    assert (world / "a").read_bytes() == CONTENT
