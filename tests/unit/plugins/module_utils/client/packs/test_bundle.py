# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs to folders and files and back: nothing is lost, nothing leaves the folder, nothing is half done."""

from __future__ import annotations

import copy
import os
import string
import tempfile
import types
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import models
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files import staging
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.formats import decode_yaml
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs import metadata
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs import pack_file as stores
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs.bundle import (
    DuplicateKey,
    bundle,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs.pack import Pack
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs.pack_file import identical
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs.unbundle import unbundle

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
    st.sampled_from(
        ["1e3", "0x1F", "1_000", "12:30", "y", "on", "~", "null", "2020-01-01", "=", "<<", "1.", "-"]
    ),
    st.sampled_from(
        ["a\nb\n", "\n", " a\n\n  b", "tab\there\n\tand there", "trail \nx", "a\r\nb", "\x7f", "\x85"]
    ),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
ODD_NAMES = (
    r"a/b a.b A.b a%2Fb .hidden x~ #x# x.yaml x.json x.yml % ä/ö back\slash x.tmpl sub/dir/x.tmpl .git "
    "._Name.meta"
)
odd_names = st.sampled_from(
    [*ODD_NAMES.split(), "a b", "", "n\nl", "a\u0308", "\u00e4", "a" * 300, "a" * 299 + "b"]
)
names = st.one_of(odd_names, st.text(string.ascii_letters + "/._-", min_size=1, max_size=12), texts).filter(
    lambda name: not leads_astray(name)
)
sections = st.one_of(
    st.sampled_from([*models.MODELS, "templates", "templates", "unknown", ".git", "UNKNOWN", "%2Egit"]), names
).filter(lambda name: "/" not in name)


def leads_astray(name: str) -> bool:
    return "\0" in name or name.startswith("/") or bool({".", ".."} & set(name.split("/")))


@st.composite
def items(draw: st.DrawFn, section: str, key: str) -> dict[str, Any]:
    item: dict[str, Any] = draw(st.dictionaries(texts, values, max_size=3))
    field = models.get(section).key
    if draw(st.integers(0, 9)):
        item[field] = key
    if section == "templates":
        extra = st.fixed_dictionaries({}, optional={"Meta": values, "Description": texts})
        plain = {
            field: key,
            "Contents": draw(texts | st.sampled_from(['#!/bin/sh\necho {{.Param "a/b"}}\n', ""])),
        }
        return draw(st.sampled_from([plain, plain, {**plain, **draw(extra)}, item]))
    return item


@st.composite
def packs(draw: st.DrawFn) -> Pack:
    meta: dict[str, Any] = draw(st.dictionaries(names, texts | values, max_size=4))
    meta["Name"] = draw(st.text(string.ascii_letters, min_size=1) | st.sampled_from(["with newline\n", " x"]))
    content: dict[str, Any] = {}
    for section in draw(st.lists(sections, unique=True, max_size=4)):
        keys = draw(st.lists(names, unique=True, max_size=5))
        content[section] = {key: draw(items(section, key)) for key in keys}
    return {"meta": meta, "sections": content}


FULL: Pack = {
    "meta": {
        "Name": "full",
        "Documentation": "\nTitle\n-----\n\ntext\n",
        "Description": "",
        "Writable": False,
        "Order": 5,
        "odd/name": "x",
    },
    "sections": {
        "params": {
            "a/b": {"Name": "a/b", "Schema": {"type": "string", "default": "1e3"}},
            "a.b": {"Name": "a.b"},
            "other": {"Name": "own"},
            "": {"Description": "keyless"},
        },
        "templates": {
            "a/b.tmpl": {"ID": "a/b.tmpl", "Contents": "text\n"},
            "cloud.yaml": {"ID": "cloud.yaml", "Contents": "a: b"},
            "plain.tmpl": {"ID": "plain.tmpl", "Contents": "no newline"},
            "rich.tmpl": {"ID": "rich.tmpl", "Contents": "x\n", "Description": "d", "Meta": {"OS": "linux"}},
        },
        "profiles": {},
        "nonsense": {"x": {"Id": "x", "Deep": [1, 2.5, None, True, "é"]}},
        ".git": {"x": {"Id": "x"}},
    },
}


@given(packs(), st.sampled_from(["yaml", "json"]), st.sampled_from(["classic", "meta_yaml", "auto"]))
@example(FULL, "yaml", "classic")
@example(FULL, "json", "meta_yaml")
@settings(max_examples=100)
def test_folder_and_back(pack: Pack, form: str, layout: str) -> None:
    before = copy.deepcopy(pack)
    with tempfile.TemporaryDirectory() as above:
        folder = os.path.join(above, "pack")
        unbundle(pack, folder, form, layout=layout)
        assert os.listdir(above) == ["pack"]
        assert identical(bundle(folder), pack)
        assert os.path.exists(os.path.join(folder, "meta.yaml")) is (layout == "meta_yaml")
        for same in (layout, "auto"):
            again = unbundle(pack, folder, form, layout=same)
            assert (again.writes, again.removals) == ({}, [])
    assert identical(pack, before)


@given(packs(), packs(), st.sampled_from(["classic", "meta_yaml"]), st.sampled_from(metadata.LAYOUTS))
@settings(max_examples=40)
def test_one_pack_over_another(old: Pack, new: Pack, before: str, after: str) -> None:
    with tempfile.TemporaryDirectory() as above:
        folder = os.path.join(above, "pack")
        unbundle(old, folder, layout=before)
        Path(folder, "README.md").write_text("mine")
        unbundle(new, folder, "json", layout=after)
        assert identical(bundle(folder), new)
        assert Path(folder, "README.md").read_text() == "mine"


@given(packs(), st.sampled_from([".yaml", ".yml", ".json"]))
@example(FULL, ".yaml")
@settings(max_examples=40)
def test_file_and_back(pack: Pack, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as above:
        path = os.path.join(above, "pack" + suffix)
        stores.write_pack(pack, path)
        assert identical(stores.read_pack(path), pack)
        assert os.listdir(above) == ["pack" + suffix]


@given(values, st.sampled_from(["yaml", "json"]))
@settings(max_examples=200)
def test_values_read_back(value: Any, form: str) -> None:
    assert identical(decode_yaml(stores.encode({"x": value}, form)), {"x": value})


def read(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_layout_is_the_original_one(tmp_path: Path) -> None:
    unbundle(FULL, str(tmp_path / "p"))
    files = read(tmp_path / "p")
    assert files["._Name.meta"] == b"full"
    assert files["._Documentation.meta"] == b"\nTitle\n-----\n\ntext\n"
    assert files["._Description.meta"] == b""
    assert files["templates/plain.tmpl"] == b"no newline"
    assert files["templates/a.b.tmpl.yaml"] == b"Contents: |\n  text\nID: a/b.tmpl\n"
    assert files["templates/cloud.yaml.yaml"] == b"Contents: 'a: b'\nID: cloud.yaml\n"
    assert b"Description: d" in files["templates/rich.tmpl.yaml"]
    assert files["params/a.b.yaml"] == b"Name: a.b\n"
    assert files["params/a%2Fb.yaml"].startswith(b"Name: a/b\nSchema:\n  default: '1e3'\n")
    assert decode_yaml(files["._Layout.yaml"]) == {
        "meta": {"Writable": False, "Order": 5, "odd/name": "x"},
        "verbatim": ["Documentation"],
        "keys": {"params/%.yaml": "", "params/other.yaml": "other"},
        "sections": {"%2Egit": ".git"},
    }
    assert (tmp_path / "p/profiles").is_dir()
    assert (tmp_path / "p/params").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "p/._Name.meta").stat().st_mode & 0o777 == 0o640


def test_an_ordinary_pack_needs_no_layout_file(tmp_path: Path) -> None:
    pack = {
        "meta": {"Name": "p", "Version": "v1.2.3"},
        "sections": {
            "params": {"a/b": {"Name": "a/b", "Documentation": "one\ntwo\n"}},
            "reservations": {"C0A86467": {"Addr": "192.168.100.103", "Token": "x"}},
        },
    }
    unbundle(pack, str(tmp_path / "p"))
    files = read(tmp_path / "p")
    assert sorted(files) == [
        "._Name.meta", "._Version.meta", "params/a.b.yaml", "reservations/C0A86467.yaml",
    ]  # fmt: skip
    assert files["params/a.b.yaml"] == b"Documentation: |\n  one\n  two\nName: a/b\n"


def make(folder: Path, **files: str | bytes) -> Path:
    """A folder with these files; ``__`` stands for a slash and ``_meta`` for the ending of metadata."""
    return write(folder, {name.replace("__", "/"): content for name, content in files.items()})


def write(folder: Path, files: dict[str, Any]) -> Path:
    for name, content in {"._Name.meta": "p\n", **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def test_reading_is_that_of_the_original_v4(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            "._Documentation.meta": "\n\n.. title\n\ntext\n\n",
            "._Tags.meta": " a,b \n",
            "README.md": "no section",
            "params/one.yml": "Name: one\nSchema:\n  type: string\t\n",
            "params/two.json": '{"name": "two"}',
            "params/.two.json.swp": "x",
            "params/two.json~": "x",
            "params/#two.json#": "x",
            "params/deep/er.yaml": "Name: ignored",
            "templates/run.sh": "#!/bin/sh\n",
            "templates/t.yml": "ID: a/t\nContents: x\nMeta: {OS: linux}\n",
            ".git/config": "x",
            ".vscode/settings.json": "{}",
            "docs/index.rst": "no objects",
            "racks/r1.yaml": "Id: r1\nHeight: 42\n",
        },
    )
    (folder / "stages").mkdir()
    assert bundle(str(folder)) == {
        "meta": {"Name": "p", "Documentation": ".. title\n\ntext", "Tags": "a,b"},
        "sections": {
            "params": {"one": {"Name": "one", "Schema": {"type": "string"}}, "two": {"name": "two"}},
            "racks": {"r1": {"Id": "r1", "Height": 42}},
            "stages": {},
            "templates": {
                "run.sh": {"ID": "run.sh", "Contents": "#!/bin/sh\n"},
                "a/t": {"ID": "a/t", "Contents": "x", "Meta": {"OS": "linux"}},
            },
        },
    }


def test_vector_23_the_file_beats_the_parameter(tmp_path: Path) -> None:
    write(tmp_path, {"._Name.meta": "mypack\n"})
    assert bundle(str(tmp_path), {"Name": "other", "Version": "v1"})["meta"] == {
        "Name": "mypack",
        "Version": "v1",
    }
    (tmp_path / "._Name.meta").unlink()
    assert bundle(str(tmp_path), {"Name": "other"})["meta"] == {"Name": "other"}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"params/a.yaml": "Name: [a\n"}, r"params/a.yaml, line 2, column 1: "),
        ({"params/a.yaml": "Name: a\n\tDescription: b\n"}, r"params/a.yaml, line 2, column 1: "),
        ({"params/a.json": '{"Name": "a",'}, "params/a.json, line 2, column 1: "),
        (
            {"params/a.yaml": b"Name: x\nDescription: \xff\n"},
            "params/a.yaml, line 2: the character 0xff is not allowed",
        ),
        ({"params/a.yaml": "- Name: a\n"}, "params/a.yaml must hold one object with members, not list"),
        ({"params/a.yaml": ""}, "params/a.yaml must hold one object with members, not NoneType"),
        ({"params/a.yaml": "Description: x\n"}, "params/a.yaml: the object has no Name"),
        ({"templates/a.yaml": "Contents: x\n"}, "templates/a.yaml: the object has no ID"),
        ({"templates/a": b"one\ntwo \xff"}, "templates/a, line 2: the byte 0xff is not UTF-8"),
        ({"params/a.txt": "x"}, "params/a.txt: only .yaml, .yml and .json files can be params"),
        (
            {"params/a.yaml": "Name: x\n", "params/b.json": '{"Name": "x"}'},
            "params/a.yaml and params/b.json both define params 'x'",
        ),
        ({"._Name.meta": " \n"}, "the content pack has no name; it needs the metadata Name"),
        ({"._Layout.yaml": "keys: 5\n"}, "._Layout.yaml: keys must be a dict"),
        ({"._Layout.yaml": "key: {}\n"}, "._Layout.yaml must hold only meta, verbatim, keys, sections"),
        ({"._Layout.yaml": "keys: {a: 5}\n"}, "must hold strings only"),
        (
            {"._Layout.yaml": "sections: {x: params}\n", "x/a.yaml": "Name: a", "params/b.yaml": "Name: b"},
            "two",
        ),
    ],
)
def test_unreadable_folders(tmp_path: Path, files: dict[str, Any], words: str) -> None:
    write(tmp_path, files)
    with pytest.raises(UsageError, match=words):
        bundle(str(tmp_path))


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="absent cannot be read: No such file"):
        bundle(str(tmp_path / "absent"))


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "..", ".", "a\0b", "./x", "a/."])
def test_names_that_lead_astray(tmp_path: Path, name: str) -> None:
    for content in ({"params": {"ok": {"Name": "ok"}, name: {"Name": name}}}, {name: {"a": {"Name": "a"}}}):
        with pytest.raises(UsageError, match="could lead to files outside"):
            unbundle({"meta": {"Name": "p"}, "sections": content}, str(tmp_path / "p"))
    with pytest.raises(UsageError, match="cannot hold a slash"):
        unbundle({"meta": {"Name": "p"}, "sections": {"a/b": {}}}, str(tmp_path / "p"))
    assert os.listdir(tmp_path) == []
    unbundle({"meta": {"Name": name, name: name}, "sections": {}}, str(tmp_path / "p"))
    assert set(os.listdir(tmp_path / "p")) == {"._Name.meta", "._Layout.yaml"}


def test_a_file_stays_while_its_object_is_the_same(tmp_path: Path) -> None:
    folder = write(tmp_path / "p", {"params/a.yml": "# mine\nName: a\n", "params/b.yaml": "Name: b\n"})
    pack = bundle(str(folder))
    pack["sections"]["params"]["b"]["Description"] = "new"
    pack["sections"]["params"]["c"] = {"Name": "c"}
    done = unbundle(pack, str(folder))
    assert sorted(done.writes) == ["params/b.yaml", "params/c.yaml"]
    assert (folder / "params/a.yml").read_bytes() == b"# mine\nName: a\n"
    assert (folder / "._Name.meta").read_bytes() == b"p\n"
    del pack["sections"]["params"]["a"]
    assert unbundle(pack, str(folder)).removals == ["params/a.yml"]
    assert bundle(str(folder)) == pack


def test_strangers_are_not_overwritten(tmp_path: Path) -> None:
    pack = {"meta": {"Name": "p"}, "sections": {}}
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="neither empty nor the folder of a content pack"):
        unbundle(pack, str(tmp_path))
    with pytest.raises(UsageError, match="is not a folder"):
        unbundle(pack, str(tmp_path / "file"))
    with pytest.raises(UsageError, match="nothing was changed: .*No such file"):
        unbundle(pack, str(tmp_path / "absent" / "p"))
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("call", ["replace", "unlink", "mkdir", "open", "chmod"])
@pytest.mark.parametrize("fails_at", range(1, 6))
def test_a_failure_leaves_all_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, fails_at: int
) -> None:
    old = {"meta": {"Name": "p"}, "sections": {"params": {"a": {"Name": "a"}, "b": {"Name": "b"}}}}
    new = {
        "meta": {"Name": "p", "Version": "2"},
        "sections": {"params": {"a": {"Name": "a", "Description": "x"}}, "stages": {"s": {"Name": "s"}}},
    }
    folder = tmp_path / "p"
    unbundle(old, str(folder))
    before = read(folder)
    calls = 0
    real = getattr(os, call)

    def failing(*args: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == fails_at:
            raise OSError(28, "No space left on device")
        return real(*args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(staging, "os", types.SimpleNamespace(**{**vars(os), call: failing}))
        try:
            unbundle(new, str(folder))
            failed = False
        except UsageError as error:
            failed = "No space left" in str(error)
    if failed:
        assert read(folder) == before
        assert os.listdir(tmp_path) == ["p"]
    else:
        assert bundle(str(folder)) == new
    assert not list(folder.glob(".drp-*"))


def test_a_new_folder_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", full)
        with pytest.raises(UsageError, match="nothing was changed: .*No space left"):
            unbundle(FULL, str(tmp_path / "p"))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("meta: {Name: x}\nsections: [\n", "pack.yaml, line 3, column 1"),
        ("- 1\n", "is not a content pack"),
        ("Name: x\n", "is not a content pack: it must have the members meta and sections"),
        ("meta: {Name: x}\nother: {}\n", "no member other"),
        ("meta: []\n", "pack.yaml: meta must be an object"),
        ("meta: {Name: x}\nsections: {params: [1]}\n", "section params must be an object"),
        ("meta: {Name: x}\nsections: {params: {a: 1}}\n", "params 'a' must be an object"),
    ],
)
def test_unreadable_pack_files(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "pack.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=words):
        stores.read_pack(str(path))


def test_pack_files(tmp_path: Path) -> None:
    path = tmp_path / "pack.json"
    path.write_text('{"Meta": {"Name": "x"}, "SECTIONS": {"params": null}}')
    assert stores.read_pack(str(path)) == {"meta": {"Name": "x"}, "sections": {"params": {}}}
    with pytest.raises(UsageError, match="must end in .yaml, .yml or .json"):
        stores.write_pack(FULL, str(tmp_path / "pack.txt"))
    with pytest.raises(UsageError, match="a lone surrogate"):
        stores.write_pack({"meta": {"Name": "\ud800"}, "sections": {}}, str(path))
    with pytest.raises(UsageError, match="absent.yaml cannot be read: No such file"):
        stores.read_pack(str(tmp_path / "absent.yaml"))
    with pytest.raises(UsageError, match="cannot be written: No such file"):
        stores.write_pack(FULL, str(tmp_path / "absent" / "p.yaml"))
    os.chmod(path, 0o600)
    link = tmp_path / "link.json"
    link.symlink_to(path)
    stores.write_pack(FULL, str(link))
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600
    assert stores.read_pack(str(path)) == FULL


def test_the_last_file_wins_where_that_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "params").mkdir()
    (tmp_path / "._Name.meta").write_text("p")
    for name, text in {"b.json": '{"Name": "x", "Description": "b"}', "a.yaml": "Name: x"}.items():
        (tmp_path / "params" / name).write_text(text)
    with pytest.raises(DuplicateKey, match=r"params/a\.yaml and params/b\.json both define params 'x'"):
        bundle(str(tmp_path))
    found = bundle(str(tmp_path), last_file_wins=True)
    assert found["sections"] == {"params": {"x": {"Name": "x", "Description": "b"}}}
