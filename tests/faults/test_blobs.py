# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads and downloads over bad lines: the right blob in the end, or an error that says what there is."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import time
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cutting_proxy import CuttingProxy, cutting_proxy
from isos import make_iso
from patience import NEVER
from webserver import Page, serving

from ansible_collections.digitalrebar.provision.plugins.module_utils import runner
from ansible_collections.digitalrebar.provision.plugins.module_utils.client import settings
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    Conflict,
    ConnectionFailed,
    DrpError,
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files import (
    blobs,
    download,
    uploads,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.tls import Tls
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.transport import Retry
from ansible_collections.digitalrebar.provision.plugins.modules import drp_bootenv
from ansible_collections.digitalrebar.provision.plugins.modules.drp_blob_fetch import SPEC, run
from simulator.launch import PASSWORD, USERNAME, Simulator

pytestmark = pytest.mark.needs_faults

SIZE = 4 << 20
NEW, OLD, SAME_SIZE = os.urandom(SIZE), os.urandom(SIZE - 7), os.urandom(SIZE)
KINDS = pytest.mark.parametrize("kind", ["files", "isos"])
NAME = "blob.iso"


@pytest.fixture
def way(lab: t.Any) -> Iterator[CuttingProxy]:
    with cutting_proxy(lab.simulator.endpoint) as opened:
        yield opened


def connect(lab: t.Any, endpoint: str, sleep: Callable[[float], None] | None = None) -> Client:
    return settings.connect(
        settings.Settings(
            endpoints=(endpoint,),
            username=USERNAME,
            password=PASSWORD,
            trust=Tls.create(True, lab.simulator.ca, None),
            token_cache="",
        ),
        Retry(delays=(0, 0, 0, 0), sleep=sleep or (lambda _seconds: time.sleep(0.05))),
    )


@pytest.fixture
def over(lab: t.Any, way: CuttingProxy) -> Iterator[Client]:
    """A client whose connections go over the bad line."""
    with connect(lab, way.endpoint) as connected:
        connected.token()
        yield connected


def send(client: Client, kind: str, content: bytes = NEW, path: str = NAME) -> uploads.Uploaded:
    return uploads.upload(client, kind, path, uploads.Source(io.BytesIO(content), "the file"))


def held(client: Client, kind: str, path: str = NAME) -> bytes | None:
    if blobs.stat_blob(client, kind, path) is None:
        return None
    target = io.BytesIO()
    blobs.get_blob(client, kind, path, target)
    return target.getvalue()


# -- uploads


@KINDS
@pytest.mark.parametrize("old", [None, OLD, SAME_SIZE], ids=["new", "old", "same size"])
@pytest.mark.parametrize("cuts", [1, 2])
def test_upload_cut_in_the_middle(
    client: Client, over: Client, way: CuttingProxy, kind: str, old: bytes | None, cuts: int
) -> None:
    if old:
        send(client, kind, old)
    way.cut("up", *[SIZE // 2] * cuts)
    done = send(over, kind)
    assert (done.size, done.attempts) == (SIZE, cuts + 1)
    assert held(client, kind) == NEW
    assert blobs.list_blobs(client, kind) == [NAME]


@KINDS
@pytest.mark.parametrize("old", [None, OLD, SAME_SIZE], ids=["new", "old", "same size"])
def test_upload_that_never_gets_through(
    client: Client, over: Client, way: CuttingProxy, kind: str, old: bytes | None
) -> None:
    if old:
        send(client, kind, old)
    way.cut("up", *[SIZE // 2] * 3)
    with pytest.raises(uploads.UploadFailed, match=f"Cannot upload {kind}/{NAME}.*tried 3 times") as error:
        send(over, kind)
    left = held(client, kind)
    if kind == "files":
        assert left is None
        assert ("The old file is lost" in str(error.value)) == (old is not None)
    else:
        assert left == old
        assert ("The old file still exists" in str(error.value)) == (old is not None)
    assert blobs.list_blobs(client, kind) == ([NAME] if left else [])
    send(client, kind)
    assert held(client, kind) == NEW


@KINDS
@pytest.mark.parametrize("old", [None, OLD, SAME_SIZE], ids=["new", "old", "same size"])
@pytest.mark.parametrize("fault", ["lose_reply", "half", "drop"])
def test_lost_reply(client: Client, lab: t.Any, kind: str, old: bytes | None, fault: str) -> None:
    """What was done is not done again, and what was not done is not taken for done."""
    if old:
        send(client, kind, old)
    before = lab.asked("POST", kind)
    lab.simulator.fault(fault, f"^{kind}/", "POST")
    done = send(client, kind)
    assert done.size == SIZE
    assert done.response_received == (fault == "drop")
    assert lab.asked("POST", kind) - before == (2 if fault == "drop" else 1)
    assert held(client, kind) == NEW


def test_a_leftover_is_removed_and_the_old_file_lives_on(client: Client, lab: t.Any) -> None:
    """The server would answer 409 and delete the old file."""
    send(client, "files", OLD, "dir/x")
    blobs.post_blob(client, "files", "dir/x.part", b"what a crash has left")
    lab.slept.clear()
    done = send(client, "files", NEW, "dir/x")
    assert done.remarks == ("files/dir/x.part, a leftover of an earlier upload, was removed",)
    assert held(client, "files", "dir/x") == NEW
    assert blobs.list_blobs(client, "files", "dir") == ["x"]
    assert lab.slept == [1] * uploads.STALE_AFTER
    assert not [entry for entry in lab.simulator.log() if entry["status"] == 409]


def growing(lab: t.Any, part: str, times: int) -> Callable[[float], None]:
    """A sleep in which somebody's upload goes on, ``times`` times; then it ends."""
    somebody = lab.client()
    sizes = iter(range(1, times + 1))

    def sleep(_seconds: float) -> None:
        size = next(sizes, 0)
        if size:
            blobs.post_blob(somebody, "files", part, b"x" * size)
        elif blobs.stat_blob(somebody, "files", part):
            blobs.delete_blob(somebody, "files", part)

    sleep(0)
    return sleep


def test_somebody_elses_upload_is_waited_for(client: Client, lab: t.Any) -> None:
    with connect(lab, lab.simulator.endpoint, growing(lab, "x.part", 20)) as patient:
        send(patient, "files", NEW, "x")
    assert held(client, "files", "x") == NEW


def test_somebody_elses_upload_that_does_not_end(client: Client, lab: t.Any) -> None:
    send(client, "files", OLD, "x")
    with (
        connect(lab, lab.simulator.endpoint, growing(lab, "x.part", 100)) as patient,
        pytest.raises(uploads.UploadFailed, match="another upload of it does not finish"),
    ):
        send(patient, "files", NEW, "x")
    assert held(client, "files", "x") == OLD
    assert held(client, "files", "x.part") is not None


def test_a_conflict_that_no_leftover_explains(client: Client, lab: t.Any) -> None:
    lab.simulator.fault("status", "^files/", "POST", status=409, body="busy")
    with pytest.raises(Conflict, match="busy"):
        send(client, "files")


@KINDS
def test_a_refusal_is_not_tried_again(client: Client, lab: t.Any, kind: str) -> None:
    lab.simulator.fault("status", f"^{kind}/", "POST", status=507, body="no space left on device")
    with pytest.raises(uploads.UploadFailed, match=r"answered 507.*no space left on device$"):
        send(client, kind)
    assert lab.asked("POST", kind) == 1


def test_a_server_that_is_gone(client: Client, lab: t.Any) -> None:
    send(client, "files", OLD)
    lab.simulator.fault("drop", "^files/", skip=2, times=0)
    with pytest.raises(
        uploads.UploadFailed, match="Cannot reach .*The state of the file on the server is unknown"
    ):
        send(client, "files")


def test_a_token_that_expires_before_the_upload(client: Client, lab: t.Any) -> None:
    lab.simulator.expire_tokens()
    assert send(client, "files").attempts == 1


def test_a_source_that_shrinks(client: Client) -> None:
    class Shrinking(io.BytesIO):
        def readinto(self, buffer: t.Any) -> int:
            return super().readinto(buffer) if self.tell() < SIZE // 2 else 0

    with pytest.raises(uploads.UploadFailed, match="the file became shorter while it was read"):
        uploads.upload(client, "files", "x", uploads.Source(Shrinking(NEW), "the file"))
    assert held(client, "files", "x") is None
    send(client, "files", NEW, "x")


def test_a_source_that_is_written_to(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(NEW)
    with file.open("rb") as stream:
        source = uploads.Source(stream, progress=lambda _done, _total: file.write_bytes(SAME_SIZE))
        source.sha256 = hashlib.sha256(NEW).hexdigest()
        with pytest.raises(uploads.UploadFailed, match="changed during the upload"):
            uploads.upload(client, "files", "x", source)


def test_a_source_that_cannot_be_read_twice() -> None:
    read, write = os.pipe()
    with open(read, "rb") as pipe, pytest.raises(UsageError, match="cannot be read twice"):
        uploads.Source(pipe)
    os.close(write)


# -- no space left


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small file system can only be mounted by root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.root
@KINDS
def test_the_disk_of_the_server_is_full(lab: t.Any, small_disk: Path, kind: str) -> None:
    with Simulator.start(state_dir=small_disk) as full:
        lab.simulator = full
        with lab.client() as client:
            send(client, kind, b"old")
            with pytest.raises(uploads.UploadFailed, match="No space left on device") as error:
                send(client, kind)
            assert held(client, kind) == (None if kind == "files" else b"old")
            fate = "The old file is lost" if kind == "files" else "The old file still exists"
            assert fate in str(error.value)
            assert blobs.list_blobs(client, kind) == ([] if kind == "files" else [NAME])


@pytest.mark.root
def test_the_disk_here_is_full(client: Client, small_disk: Path) -> None:
    send(client, "files")
    target = small_disk / "target"
    target.write_bytes(b"old")
    with pytest.raises(DrpError, match="no space left in"):
        blobs.save_blob(client, "files", NAME, str(target))
    assert target.read_bytes() == b"old"
    assert os.listdir(small_disk) == ["target"]


# -- downloads


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder / "blob"


def ranges(lab: t.Any) -> int:
    return sum(entry["status"] == 206 and entry["method"] == "GET" for entry in lab.simulator.log())


@KINDS
def test_download_cut_in_the_middle(
    client: Client, over: Client, way: CuttingProxy, lab: t.Any, target: Path, kind: str
) -> None:
    """It goes on from where it was cut, again and again."""
    send(client, kind)
    before = ranges(lab)
    way.cut("down", *[SIZE // 3] * 2)
    got = blobs.save_blob(over, kind, NAME, str(target))
    assert got.sha256 == hashlib.sha256(NEW).hexdigest()
    assert target.read_bytes() == NEW
    assert ranges(lab) - before == 2
    assert os.listdir(target.parent) == ["blob"]


def test_download_goes_on_in_a_later_call(
    client: Client, over: Client, way: CuttingProxy, lab: t.Any, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(client, "files")
    target.write_bytes(b"old")
    monkeypatch.setattr(download, "_RETRY_DELAYS", ())
    way.cut("down", SIZE // 2)
    with pytest.raises(download.DownloadFailed, match="was cut off"):
        blobs.save_blob(over, "files", NAME, str(target))
    assert target.read_bytes() == b"old"
    (part,) = target.parent.glob(".blob.part")
    so_far = part.stat().st_size
    assert 0 < so_far < SIZE
    way.cut("down", SIZE - so_far // 2)
    got = blobs.save_blob(over, "files", NAME, str(target))
    assert got.sha256 == hashlib.sha256(NEW).hexdigest()
    assert os.listdir(target.parent) == ["blob"]


def test_a_part_of_another_version_is_not_continued(
    client: Client, over: Client, way: CuttingProxy, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(client, "files")
    monkeypatch.setattr(download, "_RETRY_DELAYS", ())
    way.cut("down", SIZE // 2)
    with pytest.raises(download.DownloadFailed):
        blobs.save_blob(over, "files", NAME, str(target))
    time.sleep(1.1)  # the server's dates are whole seconds
    send(client, "files", SAME_SIZE)
    assert blobs.save_blob(over, "files", NAME, str(target)).sha256 == hashlib.sha256(SAME_SIZE).hexdigest()


def test_a_comparison_that_breaks_off(client: Client, over: Client, way: CuttingProxy) -> None:
    send(client, "files")
    way.cut("down", SIZE // 2)
    with pytest.raises(ConnectionFailed, match="was cut off"):
        blobs.same_content(over, "files", NAME, io.BytesIO(NEW))


def test_a_truncated_download_is_no_result(lab: t.Any, over: Client, way: CuttingProxy, target: Path) -> None:
    """As a module: the file that was there stays, and the text says why."""
    send(over, "files")
    target.write_bytes(b"old")
    defaults = {name: option.get("default") for name, option in SPEC["argument_spec"].items()}
    options = {**defaults, "endpoint": way.endpoint, "username": USERNAME, "password": PASSWORD}
    options.update(ca_path=lab.simulator.ca, path=NAME, dest=str(target), token_cache="")
    way.cut("down", *[SIZE // 8] * 20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(download, "_RETRY_DELAYS", (0,))
        result = runner.run(run, options, environ={})
    assert result["failed"]
    assert "bytes arrived" in result["msg"] or "was cut off" in result["msg"]
    assert target.read_bytes() == b"old"


# -- ISOs


def iso_task(lab: t.Any, **more: t.Any) -> dict[str, t.Any]:
    defaults = {name: option.get("default") for name, option in drp_bootenv.SPEC["argument_spec"].items()}
    connection = {"endpoint": lab.simulator.endpoint, "username": USERNAME, "password": PASSWORD}
    connection.update(ca_path=lab.simulator.ca, token_cache="")
    return {**defaults, **connection, **more}


def definition(sha256: str = "") -> dict[str, t.Any]:
    return {
        "Name": "tiny-install",
        "OS": {"Name": "tiny", "IsoFile": "tiny.iso", "IsoSha256": sha256},
        "Kernel": "vmlinuz",
        "Templates": [{"Name": "ipxe", "Path": "x", "Contents": "x"}],
    }


@pytest.mark.parametrize("fault", ["lose_reply", "drop"])
def test_an_iso_whose_reply_is_lost_is_verified(lab: t.Any, tmp_path: Path, fault: str) -> None:
    image = make_iso(tmp_path / "tiny.iso")
    options = iso_task(
        lab, spec=definition(image.sha256), isos=[{"src": str(image.path)}], wait_timeout=NEVER
    )
    lab.simulator.fault(fault, "^isos/", "POST")
    result = runner.run(drp_bootenv.run, options, environ={})
    assert not result.get("failed"), result
    assert result["isos"][0]["action"] == "uploaded"
    assert result["isos"][0]["verified"]
    assert not runner.run(drp_bootenv.run, options, environ={})["changed"]


@pytest.mark.parametrize("known", [True, False], ids=["checksum", "no checksum"])
def test_an_iso_that_the_web_cuts_short_is_not_uploaded(
    lab: t.Any, tmp_path: Path, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = make_iso(tmp_path / "tiny.iso")
    monkeypatch.setattr(download, "_RETRY_DELAYS", (0,))
    with serving() as web:
        web.pages["/tiny.iso"] = Page(image.path.read_bytes(), ranges=False, cuts=[image.size // 2] * 2)
        spec = definition(image.sha256 if known else "")
        options = iso_task(lab, spec=spec, isos=[{"url": f"{web.url}/tiny.iso"}])
        result = runner.run(drp_bootenv.run, options, environ={})
        assert result["failed"]
        assert "tiny.iso" in result["msg"]
        assert result["isos"][0]["action"] == "failed"
        assert lab.asked("POST", "isos") == 0
        result = runner.run(drp_bootenv.run, options, environ={})
    assert result["isos"][0]["verified"], result
