# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""JSON patches whose ``test`` operations guard what was read."""

from __future__ import annotations

import copy
import typing as t

from . import third_party
from .errors import UsageError

Json = t.Any
Operation = dict[str, t.Any]
Patch = list[Operation]


def gen_patch(source: Json, target: Json, paranoid: bool = False) -> Patch:
    """The operations that turn ``source`` into ``target``.

    Objects are compared member by member, arrays and scalars as a whole; a change of JSON type
    replaces the value.  Each changed or removed value is preceded by a ``test`` of its old value.
    An added member has no ``test``: the server's dialect has none for absence.  With ``paranoid``
    one ``test`` of the whole source comes first instead, even when nothing differs; a server
    refuses that on users, whose PasswordHash is never sent, and on slimmed objects.
    """
    operations: Patch = []
    if paranoid:
        operations.append(_operation("test", "", copy.deepcopy(source)))
    _compare(source, target, "", not paranoid, operations)
    return operations


def escape(member: str) -> str:
    """One member name as a part of a JSON pointer."""
    return member.replace("~", "~0").replace("/", "~1")


def apply_patch(document: Json, operations: Patch) -> Json:
    """A changed copy of ``document``, as the server would make it.

    For patches made by :func:`gen_patch`; the server's dialect differs from RFC 6902 for array
    indexes, which those never hold.  Raises UsageError when an operation does not fit.
    """
    third_party.require_packages("jsonpatch")
    jsonpatch = third_party.jsonpatch
    try:
        return jsonpatch.apply_patch(document, operations)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        raise UsageError(f"the patch does not fit the document: {error}") from error


def same_json(one: Json, two: Json) -> bool:
    """Equality of JSON values: 1 equals 1.0, but true equals neither 1 nor "true"."""
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(same_json(one[key], two[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(two, (list, tuple)):
        return len(one) == len(two) and all(map(same_json, one, two))
    if isinstance(one, (int, float)) and isinstance(two, (int, float)):
        return _same_number(one, two)
    return bool(one == two)


def _same_number(one: float, two: float) -> bool:
    """Equality as the server sees it, whose numbers are 64-bit floats."""
    try:
        return float(one) == float(two)
    except OverflowError:
        return one == two


def _compare(source: Json, target: Json, path: str, with_tests: bool, operations: Patch) -> None:
    if source is target:
        return
    if isinstance(source, dict) and isinstance(target, dict):
        for name in sorted(source):
            here = f"{path}/{escape(name)}"
            if name in target:
                _compare(source[name], target[name], here, with_tests, operations)
            else:
                _append_test(source[name], here, with_tests, operations)
                operations.append(_operation("remove", here, None))
        for name in sorted(set(target) - set(source)):
            operations.append(_operation("add", f"{path}/{escape(name)}", target[name]))
    elif not same_json(source, target):
        _append_test(source, path, with_tests, operations)
        operations.append(_operation("replace", path, target))


def _append_test(value: Json, path: str, with_tests: bool, operations: Patch) -> None:
    if with_tests:
        operations.append(_operation("test", path, value))


def _operation(op: str, path: str, value: Json) -> Operation:
    return {"op": op, "path": path, "from": "", "value": value}
