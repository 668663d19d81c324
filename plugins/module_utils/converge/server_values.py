# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a server makes of a value, so that a value which it has made is not asked away at each run."""

from __future__ import annotations

import ipaddress
import typing as t

from ..client.patch import same_json

Json = t.Any

MAX_EXACT = 2**53
"""The server's JSON numbers are 64-bit floats: integers beyond this one are rounded."""
_FLAGS = "feature-flags"
_EMPTY_BECOMES: t.Mapping[tuple[str, str], tuple[Json, ...]] = {
    ("machines", "Arch"): ("amd64",),
    ("machines", "Stage"): ("none",),
    ("stages", "RunnerWait"): (True,),
    ("subnets", "ActiveLeaseTime"): (60,),
    ("subnets", "Pickers"): (["hint", "nextFree", "mostExpired"], ["none"]),
    ("subnets", "ReservedLeaseTime"): (7200,),
    ("subnets", "Strategy"): ("MAC",),
}
"""Kind and member -> what the server stores in place of an empty value."""
_NEVER_EMPTIED = {("machines", "BootEnv"), ("machines", "Secret"), ("users", "Secret")}
"""What the server fills in a new object, and never leaves empty later."""


def rounded(value: Json) -> Json:
    """The value with its integers as the server keeps them."""
    if isinstance(value, dict):
        return {name: rounded(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_EXACT:
        try:
            return int(float(value))
        except OverflowError:
            return value  # the server refuses it
    return value


def inexact(spec: t.Mapping[str, Json]) -> list[str]:
    """Members, or entries of such maps as Params, with integers that the server cannot keep."""
    names = []
    for name, value in spec.items():
        if isinstance(value, dict):
            names += [f"{name}: {entry}" for entry, inner in value.items() if not _is_exact(inner)]
        elif not _is_exact(value):
            names.append(name)
    return names


def _is_exact(value: Json) -> bool:
    if isinstance(value, dict):
        return all(map(_is_exact, value.values()))
    if isinstance(value, list):
        return all(map(_is_exact, value))
    return bool(rounded(value) == value)


def without_computed_meta(kind: str, spec: t.Mapping[str, Json]) -> dict[str, Json]:
    """The spec without the metadata that the server computes anew at each save of a machine."""
    meta = spec.get("Meta")
    if kind != "machines" or not isinstance(meta, dict) or _FLAGS not in meta:
        return dict(spec)
    return {**spec, "Meta": {name: value for name, value in meta.items() if name != _FLAGS}}


def settled(kind: str, name: str, field_type: str, current: Json, wanted: Json) -> Json:
    """``current`` where that is what the server makes of ``wanted``, else ``wanted``."""
    if not wanted and any(same_json(current, filled) for filled in _EMPTY_BECOMES.get((kind, name), ())):
        return current
    if isinstance(wanted, str) and isinstance(current, str):
        if field_type == "uuid" and wanted.lower() == current.lower():
            return current
        there = _address(current) if field_type == "ip" else None
        if there is not None and there == _address(wanted):
            return current
    return wanted


def is_chosen_by_server(kind: str, name: str, wanted: t.Mapping[str, Json]) -> bool:
    """Whether an empty member of the ``wanted`` object leaves the choice to the server."""
    if (kind, name) == ("machines", "Stage"):
        return bool(wanted.get("Workflow"))  # then it is a stage of the workflow
    return (kind, name) in _NEVER_EMPTIED


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, an IPv4 one also in the clothes of IPv6; None for a text that is none."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
