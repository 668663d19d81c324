# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that tests ask for: cut connections, lost replies, wrong answers, delays.

A fault is asked for with a JSON object.  ``kind`` is one of

    drop        close the connection without answering or handling
    lose_reply  handle the request, then close without answering
    delay       wait ``delay`` seconds, then handle
    status      answer ``status`` with ``body``, ``content_type``, ``headers`` and do not handle
    half        handle, then send the headers and half of the body
    slow        handle, then send the body in slices over ``delay`` seconds
    html        answer 200 with a page of HTML and do not handle
    touch       merge ``changes`` into the addressed object first, as another writer would

``method`` (``*`` for any) and ``path`` (a regular expression searched in the path after /api/v3/)
choose the requests; ``skip`` lets that many pass, ``times`` says how many to hit (0: for ever).
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import Any

from .wire import Obj

KINDS = ("drop", "lose_reply", "delay", "status", "half", "html", "slow", "touch")


class BadFault(ValueError):
    """The control request does not describe a fault."""


@dataclass
class Fault:
    id: int
    kind: str
    method: str = "*"
    path: str = ""
    times: int = 1
    skip: int = 0
    seconds: float = 0.0
    status: int = 503
    body: str = ""
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    changes: Obj = field(default_factory=dict)

    def matches(self, method: str, path: str) -> bool:
        return self.method in ("*", method) and re.search(self.path, path) is not None


class Faults:
    """Faults in the order they were asked for; the first that matches is used."""

    def __init__(self) -> None:
        self._active: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, document: Obj) -> int:
        fault = _fault(next(self._ids), document)
        self._active.append(fault)
        return fault.id

    def clear(self) -> None:
        self._active.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this request, which uses it up by one."""
        for fault in self._active:
            if not fault.matches(method, path):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times == 1:
                self._active.remove(fault)
            elif fault.times:
                fault.times -= 1
            return fault
        return None


def _fault(number: int, document: Any) -> Fault:
    if not isinstance(document, dict) or document.get("kind") not in KINDS:
        raise BadFault(f"kind must be one of {', '.join(KINDS)}")
    members = dict(document)
    if "delay" in members:
        members["seconds"] = members.pop("delay")
    body = members.get("body", "")
    if not isinstance(body, str):
        raise BadFault("body must be text")
    try:
        re.compile(members.get("path", ""))
        return Fault(number, **members)
    except (TypeError, re.error) as problem:
        raise BadFault(str(problem)) from None


def merge(target: Obj, changes: Obj) -> Obj:
    """A deep merge, as another writer would leave the object behind."""
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            merge(target[key], value)
        else:
            target[key] = value
    return target
