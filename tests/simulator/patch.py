# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DRP's dialect of JSON patch (RFC 6902 with differences)."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import Any

from .go_types import DecodeError, float64
from .wire import Obj, dumps

_BAD_ESCAPE = re.compile("~(?![01])")


class BadPatch(ValueError):
    """The body is not a list of operations, or a pointer has bad syntax."""


class PatchConflict(Exception):
    """Operation ``line`` cannot be applied."""

    def __init__(self, line: int, why: str, op: Op) -> None:
        super().__init__(why)
        self.line = line
        self.why = why
        self.op = op


class _Failed(Exception):
    pass


@dataclass(frozen=True)
class Op:
    op: str
    path: str
    source: str
    value: Any

    def document(self) -> Obj:
        return {"op": self.op, "path": self.path, "from": self.source, "value": self.value}

    def text(self) -> str:
        return dumps(self.document()).decode()


def parse(body: Any) -> list[Op]:
    """Operations of a decoded request body."""
    if body is None:
        return []
    if not isinstance(body, list):
        raise BadPatch("json: cannot unmarshal object into Go value of type jsonpatch2.Patch")
    try:
        return [_parse_op(entry) for entry in body]
    except DecodeError as problem:
        raise BadPatch(str(problem)) from None


def _parse_op(entry: Any) -> Op:
    entry = {} if entry is None else entry
    if not isinstance(entry, dict):
        raise BadPatch("json: cannot unmarshal value into Go value of type jsonpatch2.Operation")
    texts = {name: entry.get(name) or "" for name in ("op", "path", "from")}
    if not all(isinstance(text, str) for text in texts.values()):
        raise BadPatch("json: cannot unmarshal value into Go struct field Operation of type string")
    op = Op(texts["op"], texts["path"], texts["from"], float64(entry.get("value")))
    for pointer in (op.path, op.source if op.op in ("copy", "move") else ""):
        if (pointer and not pointer.startswith("/")) or _BAD_ESCAPE.search(pointer):
            raise BadPatch(f"Invalid pointer: {pointer}")
    return op


def apply(document: Any, ops: list[Op]) -> Any:
    """The patched document; works on the given one, which the caller owns."""
    for line, op in enumerate(ops):
        try:
            document = _apply_one(document, op)
        except _Failed as why:
            raise PatchConflict(line, str(why), op) from None
    return document


def _apply_one(document: Any, op: Op) -> Any:
    match op.op:
        case "test":
            if not same(_get(document, op.path), op.value):
                raise _Failed("Test op failed.")
            return document
        case "replace":
            return _replace(document, op.path, op.value)
        case "remove":
            _remove(document, op.path)
        case "add":
            _add(document, op.path, op.value)
        case "move":
            # in this order: what stands before the source in a list makes another one go
            _add(document, op.path, _get(document, op.source))
            _remove(document, op.source)
        case "copy":
            _add(document, op.path, copy.deepcopy(_get(document, op.source)))
        case _:
            raise _Failed(f"Unknown op {op.op}")
    return document


def same(one: Any, two: Any) -> bool:
    """Equality of JSON values: numbers by value, true is not 1."""
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(same(value, two[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(same, one, two))
    return bool(one == two)


def split(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _index(items: list[Any], part: str) -> int:
    try:
        index = int(part)
    except ValueError:
        raise _Failed(f"Invalid array index {part}") from None
    if index < 0:
        index += len(items)
    if not 0 <= index < len(items):
        raise _Failed("Index out of bounds")
    return index


def _step(value: Any, part: str) -> Any:
    if isinstance(value, dict):
        if part not in value:
            raise _Failed(f"Path {part} does not exist")
        return value[part]
    if isinstance(value, list):
        return value[_index(value, part)]
    raise _Failed(f"Cannot descend to {part}")


def _get(document: Any, pointer: str) -> Any:
    for part in split(pointer):
        document = _step(document, part)
    return document


def _parent(document: Any, pointer: str) -> tuple[Any, str]:
    *parents, last = split(pointer) or [""]
    if not pointer:
        raise _Failed("Cannot work on the whole document")
    for part in parents:
        document = _step(document, part)
    if not isinstance(document, (dict, list)):
        raise _Failed(f"Cannot descend to {last}")
    return document, last


def _replace(document: Any, pointer: str, value: Any) -> Any:
    if not pointer:
        return value
    parent, last = _parent(document, pointer)
    _step(parent, last)
    parent[_index(parent, last) if isinstance(parent, list) else last] = value
    return document


def _remove(document: Any, pointer: str) -> None:
    parent, last = _parent(document, pointer)
    _step(parent, last)
    del parent[_index(parent, last) if isinstance(parent, list) else last]


def _add(document: Any, pointer: str, value: Any) -> None:
    parent, last = _parent(document, pointer)
    if isinstance(parent, dict):
        parent[last] = value
    elif last == "-":
        parent.append(value)
    else:
        parent.insert(_index(parent, last), value)
