# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every exported name of the Go client has its like here: docs/from-go.md says where, and it is there."""

from __future__ import annotations

import dataclasses
import importlib
import re
import types
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/from-go.md"
REFERENCE = ROOT.parent / "shared/spec/reference-api.txt"
UTILS = "ansible_collections.digitalrebar.provision.plugins.module_utils"

ROW = re.compile(r"^\| `([A-Za-z_.]+)` \| `([A-Za-z_.]+)` \|", re.MULTILINE)
ROWS = ROW.findall(PAGE.read_text(encoding="utf-8"))

_METHOD = re.compile(r"^func \(\w* ?\*?(\w+)\) (\w+)", re.MULTILINE)
_FUNCTION = re.compile(r"^func ([A-Z]\w*)", re.MULTILINE)
_TYPE = re.compile(r"^type ([A-Z]\w*)", re.MULTILINE)
_CONSTANT = re.compile(r"^(?:const ([A-Z]\w*) =|    ([A-Z]\w+) = )", re.MULTILINE)


def find(path: str) -> t.Any:
    """What a dotted path below module_utils leads to; AttributeError or ImportError when there is nothing."""
    found, names = importlib.import_module(UTILS), path.split(".")
    while names and isinstance(found, types.ModuleType):
        try:
            found = importlib.import_module(f"{found.__name__}.{names[0]}")
        except ModuleNotFoundError:
            break
        names.pop(0)
    for name in names:
        fields = (
            {field.name for field in dataclasses.fields(found)} if dataclasses.is_dataclass(found) else ()
        )
        found = getattr(found, name, found if name in fields else None)
        if found is None:
            raise AttributeError(f"{path}: there is no {name}")
    return found


def exported(text: str) -> set[str]:
    """The exported names in the documentation of the Go package."""
    names = {f"{owner}.{name}" for owner, name in _METHOD.findall(text) if owner[0].isupper()}
    names |= set(_FUNCTION.findall(text)) | set(_TYPE.findall(text))
    return names | {one or two for one, two in _CONSTANT.findall(text)}


def test_the_page_names_each_once() -> None:
    names = [name for name, _path in ROWS]
    assert len(names) == len(set(names)) > 100


@pytest.mark.parametrize(("name", "path"), ROWS, ids=[name for name, _path in ROWS])
def test_it_is_there(name: str, path: str) -> None:
    assert find(path) is not None


def test_nothing_is_left_out() -> None:
    if not REFERENCE.exists():
        pytest.skip(f"{REFERENCE} is not here")
    missing = exported(REFERENCE.read_text(encoding="utf-8")) - {name for name, _path in ROWS}
    assert missing == set()


@pytest.mark.parametrize(
    "path", ["client.client.Client.fly", "client.wings.flap", "agent.machine_agent.State.SLEEP"]
)
def test_what_is_not_there_is_noticed(path: str) -> None:
    with pytest.raises((AttributeError, ImportError)):
        find(path)
