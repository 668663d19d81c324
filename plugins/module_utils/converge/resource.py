# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""One object in its desired state, which may be absent."""

from __future__ import annotations

import dataclasses
import typing as t

from ..client import models
from ..client.client import Client
from ..client.errors import UsageError
from ..client.typed.fit import (
    dropped_warning,
    fit_members,
    has_unknown_members,
    is_dropped,
    known_only,
    unkept_warning,
)
from . import server_values
from .merge import append_missing, merge_map, overlay

Json = t.Any
Object = dict[str, t.Any]


@dataclasses.dataclass
class Resource:
    """A wanted object of any kind.  Members that ``spec`` does not name, or that are null, are left alone."""

    kind: str
    spec: Object
    state: str = "present"
    key: str = ""
    """How to find it, when not by the key in ``spec``: a key or ``Index:value``."""
    force: bool = False
    purge_params: bool = False
    """Params (and params only) that ``spec`` does not name are removed."""
    append_profiles: bool = False
    """Profiles are added to those that are there, instead of replacing them."""
    require_available: bool = True
    include_locked: bool = False
    """A locked object is unlocked for the change, and locked again unless ``spec`` says otherwise."""
    update_secure: str = "when_different"
    """When a secure param that is set already is written: ``when_different``, ``always`` or ``on_create``."""
    confirm: str = ""
    """The fingerprint of a deletion that needs one; see :mod:`.guard`."""
    confirmed: bool = dataclasses.field(default=False, init=False)
    """Whether a fingerprint of all targets of the task, this one among them, was given and is right."""
    secrets: set[str] = dataclasses.field(default_factory=set, init=False, repr=False)
    """Strings that turned out to be secret during convergence; never shown."""
    unsealed: set[str] = dataclasses.field(default_factory=set, init=False, repr=False)
    """Those of them that the server keeps in clear, so that its answers have to be masked."""
    spec_warnings: list[str] = dataclasses.field(default_factory=list, init=False, repr=False)
    """Things a user should know about what was written."""
    dropped: dict[str, None] = dataclasses.field(default_factory=dict, init=False, repr=False)
    """Members of ``spec`` that were left out, because the server does not have them."""
    unkept: dict[str, None] = dataclasses.field(default_factory=dict, init=False, repr=False)
    """Members of ``spec`` that were sent, and are not in what the server has answered."""
    newer: bool = dataclasses.field(default=False, init=False)
    """Whether the server may have members that are not in the table of kinds."""
    _answered: bool = dataclasses.field(default=False, init=False, repr=False)
    """Whether the server has stored the spec: what it has not kept is not asked for again."""

    def __post_init__(self) -> None:
        given = fit_members(self.kind, self.spec)
        asked = server_values.without_computed_meta(self.kind, given)
        self.spec = {name: server_values.rounded(value) for name, value in asked.items()}
        hidden = (self.spec.get(name) for name in models.hidden_members(self.kind))
        self.secrets.update(text for text in hidden if isinstance(text, str) and text)
        if asked != given:
            self.spec_warnings.append(
                f"{self.label}: Meta: feature-flags is left out, because the server computes it for machines"
            )
        if server_values.inexact(asked):
            self.spec_warnings.append(
                f"{self.label}: {', '.join(server_values.inexact(asked))}: the server keeps integers beyond "
                f"{server_values.MAX_EXACT} as rounded numbers; write them as text to keep all digits"
            )
        if not self.lookup:
            raise UsageError(
                f"{self.kind}: the object has no {self.model.key or 'known key'}"
                + (" and no Name" if "Name" in self.model.unique else "")
                + " to identify it"
            )

    @property
    def model(self) -> models.Model:
        return models.get(self.kind)

    @property
    def lookup(self) -> str:
        """The key, or ``Index:value``, under which the server finds it; "" when nothing identifies it."""
        return self.key or models.key_of(self.kind, self.spec) or self._name_lookup()

    @property
    def label(self) -> str:
        """The name of the object in messages: ``machine web-1``."""
        name = self.spec.get("Name") or self.lookup.partition(":")[2] or self.lookup
        return f"{self.model.singular} {name}"

    def wanted_object(self, current: Object) -> Object:
        """The object as it should become, with everything that does not change."""
        wanted = dict(current)
        for name, value in self.spec.items():
            field_type = self.model.fields.get(name, "any")
            if name in self.unkept:
                continue
            if is_dropped(self.kind, name, current):
                self.dropped[name] = None
            elif value is not None or field_type == "any":
                asked = self._wanted_value(name, current, value)
                wanted[name] = server_values.settled(self.kind, name, field_type, current.get(name), asked)
        for name in self.spec:
            if (
                current.get(name)
                and not wanted.get(name)
                and server_values.is_chosen_by_server(self.kind, name, wanted)
            ):
                wanted[name] = current[name]
        return wanted

    def creation_body(self) -> Object:
        """What to send to create it."""
        return {
            name: merge_map({}, value, True)
            if isinstance(value, dict) and name in ("Params", "Meta")
            else self._without_unknown(name, value, None)
            for name, value in self.spec.items()
            if value is not None
        }

    def check(self, current: Object | None) -> None:
        """Raise UsageError for what the server is known to refuse, or to drop silently."""
        managed = self.model.writable and (self.model.creatable or current is not None)
        if not managed and not (self.model.v4_writable and self.newer):
            raise UsageError(f"{self.label}: the server creates {self.kind} itself; they cannot be managed")
        known = set(self.model.fields) | set(current or {})
        unknown = sorted(set(self.spec) - known) if self.model.fields and not self.newer else []
        if unknown:
            raise UsageError(
                f"{self.label}: {self.kind} have no member {', '.join(unknown)}; the server would drop it. "
                f"Known: {', '.join(sorted(self.model.fields))}"
            )

    @property
    def depends_on_generation(self) -> bool:
        """Whether :attr:`newer` makes a difference, so that the server has to be asked what it is."""
        may_be_v4_only = self.model.v4_writable and not self.model.writable
        return may_be_v4_only or has_unknown_members(self.kind, self.spec)

    def note_answer(self, answer: Object) -> None:
        """Look which members that were sent are missing in the object that the server has answered."""
        self._answered = True
        hidden = models.hidden_members(self.kind)
        for name, value in self.spec.items():
            missing = value and name not in answer and name not in hidden
            if missing and not is_dropped(self.kind, name, answer):
                self.unkept[name] = None

    @property
    def destroys(self) -> bool:
        """Whether :meth:`destruction` may be non-empty, so that the object has to be read first."""
        return self.state == "absent"

    def destruction(self, current: Object | None) -> str:
        """What of the change destroys something that is there; "" for one that does not."""
        return "deletion" if current is not None and self.state == "absent" else ""

    def change_warnings(self, before: Object | None, after: Object) -> list[str]:
        """Warnings about the change."""
        del before, after
        return []

    def check_deletion(self, client: Client, current: Object) -> None:
        """Raise UsageError for a deletion that needs a confirmation and has none."""
        del client, current

    def deletion_warnings(self, client: Client) -> list[str]:
        """Things a user should know about what a deletion leaves, as warnings."""
        del client
        return []

    def _wanted_value(self, name: str, current: Object, value: Json) -> Json:
        field_type = self.model.fields.get(name, "any")
        if name == "Params":
            return merge_map(current.get(name), value, self.purge_params)
        if name == "Meta":
            return merge_map(current.get(name), value, False)
        if name == "Profiles" and self.append_profiles:
            return append_missing(current.get(name), value)
        if field_type in ("struct", "structs"):
            return overlay(current.get(name), self._without_unknown(name, value, current))
        return value

    def _without_unknown(self, name: str, value: Json, current: Object | None) -> Json:
        keep_unknown = self.newer and not self._answered
        fitted, dropped = known_only(self.kind, name, value, current, keep_unknown)
        (self.unkept if self.newer else self.dropped).update(dict.fromkeys(dropped))
        return fitted

    @property
    def warnings(self) -> list[str]:
        """What to tell of the spec, whatever was done: what was left out is one warning."""
        return [
            *self.spec_warnings,
            *dropped_warning(self.label, self.dropped),
            *unkept_warning(self.label, self.unkept),
        ]

    def _name_lookup(self) -> str:
        name = self.spec.get("Name")
        return f"Name:{name}" if name and "Name" in self.model.unique else ""
