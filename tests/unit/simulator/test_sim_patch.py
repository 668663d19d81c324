# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The patch dialect."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.patch import BadPatch, PatchConflict, apply, parse


def patched(document: Any, **op: Any) -> Any:
    if "source" in op:
        op["from"] = op.pop("source")
    return apply(document, parse([op]))


@pytest.mark.parametrize(
    ("op", "result"),
    [
        ({"op": "add", "path": "/a/-", "value": 3}, [1, 2, 3]),
        ({"op": "add", "path": "/a/0", "value": 3}, [3, 1, 2]),
        ({"op": "test", "path": "/a/-1", "value": 2}, [1, 2]),
        ({"op": "remove", "path": "/a/-2"}, [2]),
        ({"op": "replace", "path": "/a/1", "value": None}, [1, None]),
        ({"op": "test", "path": "/a", "value": [1.0, 2.0]}, [1, 2]),
    ],
)
def test_applies(op: dict[str, Any], result: list[Any]) -> None:
    assert patched({"a": [1, 2]}, **op)["a"] == result


@pytest.mark.parametrize(
    "op",
    [
        {"op": "add", "path": "/a/2", "value": 3},
        {"op": "test", "path": "/b", "value": None},
        {"op": "test", "path": "/a/0", "value": True},
        {"op": "remove", "path": "/b"},
        {"op": "remove", "path": ""},
        {"op": "add", "path": "", "value": {}},
        {"op": "replace", "path": "/a/x", "value": 1},
        {"op": "replace", "path": "/b", "value": 1},
        {"op": "frobnicate", "path": "/a"},
    ],
)
def test_refuses(op: dict[str, Any]) -> None:
    with pytest.raises(PatchConflict) as caught:
        patched({"a": [1, 2]}, **op)
    assert caught.value.line == 0


def test_whole_document() -> None:
    assert patched({"a": 1}, op="replace", path="", value={"b": 2}) == {"b": 2}
    assert patched({"a": 1}, op="test", path="", value={"a": 1.0}) == {"a": 1}


def test_escapes_move_and_copy() -> None:
    document = {"x/y": 1, "p~q": {"z": 2}}
    ops = [
        {"op": "move", "from": "/x~1y", "path": "/m"},
        {"op": "copy", "from": "/p~0q", "path": "/c"},
        {"op": "replace", "path": "/c/z", "value": 3},
    ]
    assert apply(document, parse(ops)) == {"p~q": {"z": 2}, "m": 1, "c": {"z": 3}}


def test_conflict_names_its_line_and_op() -> None:
    ops = parse([{"op": "add", "path": "/b", "value": 1}, {"op": "test", "path": "/a", "value": "zz"}])
    with pytest.raises(PatchConflict) as caught:
        apply({"a": 1}, ops)
    assert (caught.value.line, caught.value.why) == (1, "Test op failed.")
    assert caught.value.op.text() == '{"op":"test","path":"/a","from":"","value":"zz"}'


@pytest.mark.parametrize("body", [{"op": "add"}, "x", [1], [{"op": "add", "path": "a"}], [{"op": 1}]])
def test_what_is_no_patch(body: Any) -> None:
    with pytest.raises(BadPatch):
        parse(body)
