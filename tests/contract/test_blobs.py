# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files, ISOs and boot trees: the client against a server."""

from __future__ import annotations

import hashlib
import io
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from isos import make_iso

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    ApiError,
    Conflict,
    DrpError,
    NotFound,
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files import (
    blobs,
    boot_trees,
    bootenvs,
    uploads,
)

CONTENT = os.urandom(300_000)
PIECE = 1 << 17
KINDS = pytest.mark.parametrize("kind", ["files", "isos"])


class Shelf:
    """Blobs with names that nobody else uses."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.stem = f"ct-{uuid.uuid4().hex[:8]}"
        self.made: list[tuple[str, str]] = []

    def name(self, kind: str, path: str) -> str:
        name = f"{self.stem}-{path}"
        self.made.append((kind, name))
        return name

    def put(self, kind: str, path: str, content: bytes = CONTENT) -> str:
        name = self.name(kind, path)
        blobs.post_blob(self.client, kind, name, content)
        return name

    def clean(self) -> None:
        for kind, name in reversed(self.made):
            while name:
                try:
                    blobs.delete_blob(self.client, kind, name)
                except DrpError:
                    break
                name = os.path.dirname(name)


@pytest.fixture
def shelf(client: Any) -> Iterator[Shelf]:
    made = Shelf(client)
    yield made
    made.clean()


def content(client: Any, kind: str, path: str) -> bytes:
    target = io.BytesIO()
    assert blobs.get_blob(client, kind, path, target) == len(target.getvalue())
    return target.getvalue()


@KINDS
def test_a_life(client: Any, shelf: Shelf, kind: str) -> None:
    name = shelf.name(kind, "a b%41ü#?&;.iso")
    told = blobs.post_blob(client, kind, name, io.BytesIO(CONTENT))
    assert told == {"Path": f"/{name}" if kind == "files" else name, "Size": len(CONTENT)}
    assert name in blobs.list_blobs(client, kind)
    assert content(client, kind, name) == CONTENT
    assert content(client, kind, f"/{name}") == CONTENT
    stat = blobs.stat_blob(client, kind, name, checksum=True)
    assert stat is not None
    assert stat.size == len(CONTENT)
    assert stat.sha256 in ("", hashlib.sha256(CONTENT).hexdigest())
    assert blobs.digest_of_blob(client, kind, name) == hashlib.sha256(CONTENT).hexdigest()
    assert b"".join(blobs.open_blob(client, kind, name, 100_000).chunks()) == CONTENT[100_000:]
    blobs.delete_blob(client, kind, name)
    assert blobs.stat_blob(client, kind, name, checksum=True) is None
    assert name not in blobs.list_blobs(client, kind)
    with pytest.raises(NotFound):
        blobs.delete_blob(client, kind, name)
    with pytest.raises(NotFound):
        blobs.get_blob(client, kind, name, io.BytesIO())


@KINDS
def test_nothing_in_it(client: Any, shelf: Shelf, kind: str) -> None:
    name = shelf.name(kind, "empty.iso")
    done = uploads.upload(client, kind, name, uploads.Source(io.BytesIO()))
    assert done.size == 0
    assert blobs.stat_blob(client, kind, name).size == 0
    assert content(client, kind, name) == b""
    assert blobs.same_content(client, kind, name, io.BytesIO())
    assert not blobs.same_content(client, kind, name, io.BytesIO(b"x"))


@KINDS
def test_upload(client: Any, shelf: Shelf, kind: str, tmp_path: Path) -> None:
    name, told = shelf.name(kind, "up.iso"), []
    file = tmp_path / "file"
    file.write_bytes(b"skipped" + CONTENT)
    with file.open("rb") as stream:
        stream.seek(7)
        source = uploads.Source(stream, progress=lambda done, total: told.append((done, total)))
        done = uploads.upload(client, kind, name, source)
    assert (done.size, done.attempts, done.response_received) == (len(CONTENT), 1, True)
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert content(client, kind, name) == CONTENT
    # a second one replaces it
    uploads.upload(client, kind, name, uploads.Source(io.BytesIO(b"short")))
    assert content(client, kind, name) == b"short"
    assert not [left for left in blobs.list_blobs(client, kind) if name in left and left != name]


@KINDS
@pytest.mark.parametrize("place", [0, PIECE, len(CONTENT) - 1])
def test_same_content(client: Any, shelf: Shelf, kind: str, place: int) -> None:
    name = shelf.put(kind, "same.iso")
    other = bytearray(CONTENT)
    other[place] ^= 1
    assert blobs.same_content(client, kind, name, io.BytesIO(CONTENT))
    assert not blobs.same_content(client, kind, name, io.BytesIO(other))
    assert not blobs.same_content(client, kind, name, io.BytesIO(CONTENT[:-1]))
    assert not blobs.same_content(client, kind, name, io.BytesIO(CONTENT + b"x"))


@KINDS
def test_save(client: Any, shelf: Shelf, kind: str, tmp_path: Path) -> None:
    name, target = shelf.put(kind, "save.iso"), tmp_path / "here" / "target"
    target.parent.mkdir()
    target.write_bytes(b"old")
    got = blobs.save_blob(client, kind, name, str(target), hashlib.sha256(CONTENT).hexdigest())
    assert got.size == len(CONTENT)
    assert target.read_bytes() == CONTENT
    with pytest.raises(DrpError, match="its SHA-256 is"):
        blobs.save_blob(client, kind, name, str(target), "0" * 64)
    assert target.read_bytes() == CONTENT
    assert os.listdir(target.parent) == ["target"]


def test_folders(client: Any, shelf: Shelf) -> None:
    name = shelf.name("files", "dir/sub/x")
    uploads.upload(client, "files", name, uploads.Source(io.BytesIO(b"x")))
    top, folder = name.split("/")[0], os.path.dirname(name)
    assert f"{top}/" in blobs.list_blobs(client, "files")
    assert blobs.list_blobs(client, "files", top) == ["sub/"]
    assert blobs.list_blobs(client, "files", f"/{folder}/") == ["x"]
    with pytest.raises(NotFound):
        blobs.list_blobs(client, "files", f"{top}/absent")
    assert blobs.stat_blob(client, "files", folder) is None
    with pytest.raises(NotFound):
        blobs.delete_blob(client, "files", folder)
    with pytest.raises(uploads.UploadFailed, match="is a folder on the server"):
        uploads.upload(client, "files", folder, uploads.Source(io.BytesIO(b"y")))
    assert blobs.list_blobs(client, "files", top) == ["sub/"]
    with pytest.raises(Conflict, match="Cannot create directory"):
        uploads.upload(client, "files", f"{name}/y", uploads.Source(io.BytesIO(b"y")))
    assert content(client, "files", name) == b"x"


def test_index_html(client: Any, shelf: Shelf, tmp_path: Path) -> None:
    name = shelf.name("files", "site/index.html")
    uploads.upload(client, "files", name, uploads.Source(io.BytesIO(b"<h1>")))
    assert blobs.stat_blob(client, "files", name).size == 4
    assert content(client, "files", name) == b"<h1>"
    assert blobs.save_blob(client, "files", name, str(tmp_path / "x")).size == 4


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("files", ""),
        ("files", "/"),
        ("files", "a/"),
        ("files", "../a"),
        ("files", "a/../../b"),
        ("files", "a/./b"),
        ("files", "a\0b"),
        ("isos", "a/b"),
        ("isos", ".."),
        ("machines", "a"),
    ],
)
def test_paths_that_are_refused(client: Any, kind: str, path: str) -> None:
    for call in (blobs.stat_blob, blobs.delete_blob, blobs.open_blob):
        with pytest.raises(UsageError):
            call(client, kind, path)


def test_the_static_port(client: Any, shelf: Shelf) -> None:
    name = shelf.put("files", "static%41 ü?.txt", b"hello")
    answer = blobs.static_file(client, f"files/{name}")
    assert b"".join(answer.chunks()) == b"hello"
    with pytest.raises(NotFound):
        blobs.static_file(client, f"files/{name}x")
    with pytest.raises(ApiError):
        blobs.static_file(client, "isos/absent.iso")


# -- boot environments


def definition(name: str, iso: str, sha256: str = "") -> dict[str, Any]:
    return {
        "Name": f"{name}-install",
        "OS": {"Name": name, "IsoFile": iso, "IsoSha256": sha256, "IsoUrl": "http://127.0.0.1:1/x.iso"},
        "Kernel": "vmlinuz",
        "Initrds": ["initrd.img"],
        "Templates": [{"Name": "ipxe", "Path": f"{name}/ipxe", "Contents": "x"}],
    }


def test_an_iso_is_unpacked(client: Any, factory: Any, shelf: Shelf, tmp_path: Path) -> None:
    name = shelf.name("isos", "tiny.iso")
    image = make_iso(tmp_path / name)
    env = factory.make("bootenvs", **definition(shelf.stem, name, image.sha256))
    (tree,) = boot_trees.trees_of(env)
    assert (tree.folder, tree.files) == (f"{shelf.stem}/install", ("vmlinuz", "initrd.img"))
    before = boot_trees.tree_state(client, tree)
    assert before == boot_trees.TreeState(None, ("vmlinuz", "initrd.img"))
    assert not before.is_complete(tree)
    assert bootenvs.install_isos_for_bootenv(client, env, str(tmp_path)) == [name]
    assert boot_trees.tree_state(client, tree) == boot_trees.TreeState(image.sha256, ())
    assert boot_trees.tree_state(client, tree).is_complete(tree)
    assert bootenvs.install_isos_for_bootenv(client, env, str(tmp_path)) == []


def test_isos_that_cannot_be_had(client: Any, tmp_path: Path) -> None:
    name = f"absent-{uuid.uuid4().hex}.iso"
    env = definition("absent", name)
    cases = {"DOWNLOAD_NOT_ALLOWED": (env, False), "DOWNLOAD_FAILED": (env, True)}
    cases["DOWNLOAD_NOT_POSSIBLE"] = ({"OS": {"IsoFile": name}}, True)

    def refuse(url: str, path: str, checksum: str | None = None) -> None:
        assert (url, path, checksum) == ("http://127.0.0.1:1/x.iso", str(tmp_path / name), None)
        raise bootenvs.DownloadFailed("no such host")

    for kind, (wanted, allowed) in cases.items():
        with pytest.raises(DrpError) as error:
            bootenvs.install_isos_for_bootenv(client, wanted, str(tmp_path), allowed, refuse)
        assert (error.value.type, error.value.model) == (kind, "isos")
    (tmp_path / name).mkdir()
    with pytest.raises(DrpError) as error:
        bootenvs.install_isos_for_bootenv(client, env, str(tmp_path))
    assert (error.value.type, error.value.key) == ("ISO_SRC_IS_A_DIR", str(tmp_path / name))
    assert name not in blobs.list_blobs(client, "isos")
    assert bootenvs.install_isos_for_bootenv(client, {"OS": {}}, str(tmp_path)) == []


def test_a_bootenv_from_a_file(client: Any, factory: Any, tmp_path: Path) -> None:
    name, template = factory.name(), f"{factory.name()}.tmpl"
    factory.made += [("templates", template), ("bootenvs", name)]
    (tmp_path / "bootenvs").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / template).write_text("one")
    path = tmp_path / "bootenvs" / "env.yaml"
    text = f"Name: {name}\nOS: {{Name: x}}\nTemplates:\n- {{Name: a, Path: p, ID: {template}}}\n"
    path.write_text(text)
    made = bootenvs.install_bootenv_from_file(client, str(path))
    assert made["Templates"][0]["ID"] == template
    assert client.get("templates", template)["Contents"] == "one"
    # what is there is updated, and nothing is written without need
    (tmp_path / "templates" / template).write_text("two")
    path.write_text(text + "Description: new\n")
    assert bootenvs.install_bootenv_from_file(client, str(path))["Description"] == "new"
    assert client.get("templates", template)["Contents"] == "two"
    assert bootenvs.install_bootenv_from_file(client, str(path))["OS"]["Name"] == "x"
    # the ID is the name of the file, or another one
    again = bootenvs.install_template_from_file(client, str(tmp_path / "templates" / template))
    assert again["Contents"] == "two"
    path.write_text(text.replace(template, "absent-" + template))
    with pytest.raises(UsageError, match=f"Unable to import template absent-{template}") as error:
        bootenvs.install_bootenv_from_file(client, str(path))
    assert (error.value.model, error.value.key) == ("bootenvs", name)


def test_what_is_no_bootenv(client: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a directory"):
        bootenvs.install_bootenv_from_file(client, str(tmp_path))
    with pytest.raises(UsageError, match="No such file"):
        bootenvs.install_bootenv_from_file(client, str(tmp_path / "absent"))
    with pytest.raises(UsageError, match="Unable to import template absent") as error:
        bootenvs.install_template_from_file(client, str(tmp_path / "absent"))
    assert (error.value.model, error.value.key) == ("templates", "absent")
