# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""drp_blob and drp_blob_fetch: files and ISOs, there and back."""

from __future__ import annotations

import hashlib
import os
import typing as t
from pathlib import Path

import pytest
from playbook_runner import PlaybookRunner, Task

TEXT = b"#!/bin/sh\necho hello\n"
OTHER = b"#!/bin/sh\necho jello\n"
CHECK = ["--check", "--diff"]


def blob(**options: t.Any) -> Task:
    return {"digitalrebar.provision.drp_blob": options}


def fetch(**options: t.Any) -> Task:
    return {"digitalrebar.provision.drp_blob_fetch": options}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def src(tmp_path: Path) -> Path:
    path = tmp_path / "src.sh"
    path.write_bytes(TEXT)
    return path


def uploads(run_tasks: PlaybookRunner) -> int:
    return sum(entry["method"] == "POST" for entry in run_tasks.simulator.log())


@pytest.mark.needs_counters
@pytest.mark.parametrize(("kind", "path"), [("files", "a b/ü#%41/x.sh"), ("isos", "x y.iso")])
def test_life_of_a_blob(run_tasks: PlaybookRunner, src: Path, kind: str, path: str) -> None:
    task = blob(kind=kind, path=path, src=str(src))
    played = run_tasks(task, task, blob(kind=kind, path=path, content=OTHER.decode()), flags=["--diff"])
    assert played.changed == [True, False, True], played.output
    facts = {"kind": kind, "path": path, "size": len(TEXT), "sha256": sha256(TEXT)}
    assert played[0]["blob"] == played[1]["blob"] == facts
    assert [result["action"] for result in played.results] == ["created", "unchanged", "updated"]
    assert [result["compared_by"] for result in played.results] == ["", "content", "content"]
    assert played[0]["diff"]["before"] == {}
    assert played[0]["diff"]["after"] == {"size": len(TEXT), "sha256": sha256(TEXT)}
    assert played[2]["diff"]["before"] == {"size": len(TEXT)}
    assert uploads(run_tasks) == 2
    gone = blob(kind=kind, path=path, state="absent")
    played = run_tasks(gone, gone, flags=["--diff"])
    assert played.changed == [True, False]
    assert played[0]["action"] == "deleted"
    assert played[0]["diff"]["before"] == {"size": len(TEXT)}


@pytest.mark.needs_counters
def test_check_mode_writes_nothing(run_tasks: PlaybookRunner, src: Path, tmp_path: Path) -> None:
    run_tasks(blob(path="there", src=str(src)))
    run_tasks.simulator.reset_stats()
    dest = tmp_path / "dest"
    played = run_tasks(
        blob(path="new", src=str(src)),
        blob(path="there", content="other"),
        blob(path="there", src=str(src)),
        blob(path="there", state="absent"),
        fetch(path="there", dest=str(dest)),
        flags=CHECK,
    )
    assert played.changed == [True, True, False, True, True], played.output
    assert run_tasks.simulator.stats()["writes"] == 0
    assert not dest.exists()
    real = run_tasks(blob(path="new", src=str(src)), blob(path="there", content="other"), flags=["--diff"])
    for planned, done in zip(played.results[:2], real.results, strict=True):
        for name in ("blob", "action", "compared_by", "diff"):
            assert planned[name] == done[name]


def test_sizes_can_be_enough(run_tasks: PlaybookRunner, src: Path) -> None:
    run_tasks(blob(path="x", content=OTHER.decode()))
    by_size = blob(path="x", src=str(src), compare="size")
    played = run_tasks(
        by_size, blob(path="x", src=str(src)), by_size, blob(path="x", content="?", compare="size")
    )
    assert played.changed == [False, True, False, True]
    assert [result["compared_by"] for result in played.results] == ["size", "content", "size", "size"]
    assert "sha256" not in played[0]["blob"]


def test_folders(run_tasks: PlaybookRunner, src: Path) -> None:
    run_tasks(blob(path="/deep/er/x", src=str(src)), blob(path="top", src=str(src)))
    folder = blob(path="deep/er/", state="absent")
    played = run_tasks(
        folder,
        blob(path="deep", content="x"),
        blob(path="deep/er/x", state="absent"),
        folder,
        folder,
        blob(path="top/x", content="x"),
    )
    told = [result.get("msg", "") for result in played.results]
    assert "deep/er is a folder with 1 entries" in told[0]
    assert "files/deep is a folder on the server" in told[1]
    assert [result["changed"] for result in played.results[2:5]] == [True, True, False]
    assert played[5]["failed"]
    assert "Cannot create directory /top" in told[5]
    assert played[5]["error"]["Code"] == 409


def test_index_html_comes_from_the_static_port(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    dest = tmp_path / "got"
    page = blob(path="site/index.html", content="<h1>hello</h1>")
    played = run_tasks(page, page, fetch(path="site/index.html", dest=str(dest)))
    assert played.changed == [True, False, True], played.output
    assert dest.read_text() == "<h1>hello</h1>"


@pytest.mark.needs_counters
def test_bad_input(run_tasks: PlaybookRunner) -> None:
    cases: list[tuple[dict[str, t.Any], str]] = [
        ({"path": "../x", "content": "x"}, "must not contain . or .."),
        ({"path": "a/./x", "content": "x"}, "must not contain . or .."),
        ({"path": "a/", "content": "x"}, "does not name a file"),
        ({"path": "/", "state": "absent"}, "does not name a file"),
        ({"path": "a/x.iso", "content": "x", "kind": "isos"}, "ISOs are not kept in folders"),
        ({"path": "x", "src": "/nowhere/x"}, "/nowhere/x cannot be read: No such file"),
        ({"path": "x", "src": "/etc"}, "/etc cannot be read: Is a directory"),
        ({"path": "x"}, "src, content"),
        ({"path": "x", "content": "x", "src": "/etc/hosts"}, "mutually exclusive"),
        ({"path": "x", "content": "x", "checksum": "0" * 64}, f"is {sha256(b'x')}, not {'0' * 64}"),
        ({"path": "x", "content": "x", "checksum": "md5:1"}, "is not a SHA-256"),
    ]
    run_tasks.simulator.reset_stats()
    played = run_tasks(*[blob(**options) for options, _told in cases])
    for (options, told), result in zip(cases, played.results, strict=True):
        assert result["failed"], options
        assert told in result["msg"], result["msg"]
    assert "Traceback" not in played.output
    assert run_tasks.simulator.stats()["writes"] == 0


@pytest.mark.needs_counters
def test_the_checksum_of_the_source_comes_first(run_tasks: PlaybookRunner, src: Path) -> None:
    right, wrong = f"sha256:{sha256(TEXT)}", sha256(OTHER)
    played = run_tasks(
        blob(path="x", src=str(src), checksum=wrong), blob(path="x", src=str(src), checksum=right.upper())
    )
    assert "nothing was uploaded" in played[0]["msg"]
    assert played.changed == [False, True]
    assert uploads(run_tasks) == 1


def test_fetch(run_tasks: PlaybookRunner, src: Path, tmp_path: Path) -> None:
    dest = tmp_path / "copies"
    dest.mkdir()
    task = fetch(path="d/x.sh", dest=f"{dest}/")
    upload = blob(path="d/x.sh", src=str(src))
    played = run_tasks(
        upload, task, task, fetch(path="d/x.sh", dest=str(dest), mode="0751"), task, flags=["--diff"]
    )
    assert played.changed == [True, True, False, True, False], played.output
    assert played[1]["dest"] == str(dest / "x.sh")
    assert (dest / "x.sh").read_bytes() == TEXT
    assert played[1]["file"]["sha256"] == sha256(TEXT)
    assert played[3]["diff"]["after"]["mode"] == "0751"
    assert os.listdir(dest) == ["x.sh"]
    played = run_tasks(blob(path="d/x.sh", content=OTHER.decode()), task)
    assert played[1]["action"] == "updated"
    assert (dest / "x.sh").read_bytes() == OTHER
    assert played[1]["file"]["mode"] == "0751"


@pytest.mark.needs_counters
def test_fetch_by_checksum_asks_nothing(run_tasks: PlaybookRunner, src: Path, tmp_path: Path) -> None:
    dest = tmp_path / "x"
    task = fetch(path="x", dest=str(dest), checksum=sha256(TEXT))
    run_tasks(blob(path="x", src=str(src)), task)
    run_tasks.simulator.reset_stats()
    played = run_tasks(task, fetch(path="x", dest=str(dest), checksum=sha256(TEXT), mode=0o600))
    assert played.changed == [False, True]
    assert dest.stat().st_mode & 0o777 == 0o600
    assert run_tasks.simulator.stats()["requests"] == 0


def test_fetch_bad_input(run_tasks: PlaybookRunner, src: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "dest").write_text("mine")
    cases: list[tuple[dict[str, t.Any], str]] = [
        ({"path": "absent"}, "files/absent: no such file on the server"),
        ({"path": "x", "checksum": "0" * 64}, f"its SHA-256 is {sha256(TEXT)}"),
        ({"path": "x", "dest": "/nowhere/x"}, "/nowhere is not a folder"),
        ({"path": "x", "dest": "/dev/null"}, "is not a regular file"),
        ({"path": "x", "mode": "rwx"}, "is not an octal number"),
        ({"path": "x", "mode": True}, "is not an octal number"),
    ]
    tasks = [fetch(**{"dest": str(folder / "dest"), **options}) for options, _told in cases]
    played = run_tasks(blob(path="x", src=str(src)), *tasks)
    for (options, told), result in zip(cases, played.results[1:], strict=True):
        assert result["failed"], options
        assert told in result["msg"], result["msg"]
    assert "Traceback" not in played.output
    assert os.listdir(folder) == ["dest"]
    assert (folder / "dest").read_text() == "mine"
