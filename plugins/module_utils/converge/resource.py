# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""One object in its desired state, which may be absent."""

from __future__ import annotations

import dataclasses
import typing as t

from ..client import models
from ..client.client import Client
from ..client.errors import UsageError
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
    notes: list[str] = dataclasses.field(default_factory=list, init=False)
    """What a user should know about the spec itself, as warnings."""
    secrets: set[str] = dataclasses.field(default_factory=set, init=False, repr=False)
    """Strings that turned out to be secret during convergence; never shown."""

    def __post_init__(self) -> None:
        given = self._normalized_spec()
        asked = server_values.without_computed_meta(self.kind, given)
        self.spec = {name: server_values.rounded(value) for name, value in asked.items()}
        hidden = (self.spec.get(name) for name in self.model.hidden)
        self.secrets.update(text for text in hidden if isinstance(text, str) and text)
        if asked != given:
            self.notes.append(
                f"{self.label}: Meta: feature-flags is left out, because the server computes it for machines"
            )
        if server_values.inexact(asked):
            self.notes.append(
                f"{self.label}: {', '.join(server_values.inexact(asked))}: the server keeps integers beyond "
                f"{server_values.MAX_EXACT} as rounded numbers; write them as text to keep all digits"
            )
        if not self.lookup:
            raise UsageError(
                f"{self.kind}: the object has no {self.model.key}"
                + (" and no Name" if self.kind == "machines" else "")
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
            if value is not None or self.model.fields.get(name, "any") == "any":
                asked = self._wanted_value(name, current.get(name), value)
                field_type = self.model.fields.get(name, "any")
                wanted[name] = server_values.settled(self.kind, name, field_type, current.get(name), asked)
        return wanted

    def creation_body(self) -> Object:
        """What to send to create it."""
        return {
            name: merge_map({}, value, True)
            if isinstance(value, dict) and name in ("Params", "Meta")
            else value
            for name, value in self.spec.items()
            if value is not None
        }

    def check(self, current: Object | None) -> None:
        """Raise UsageError for what the server is known to refuse, or to drop silently."""
        if not self.model.writable or (current is None and not self.model.creatable):
            raise UsageError(f"{self.label}: the server creates {self.kind} itself; they cannot be managed")
        known = set(self.model.fields) | set(current or {})
        unknown = sorted(set(self.spec) - known) if self.model.fields else []
        if unknown:
            raise UsageError(
                f"{self.label}: {self.kind} have no member {', '.join(unknown)}; the server would drop it. "
                f"Known: {', '.join(sorted(self.model.fields))}"
            )

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

    def _wanted_value(self, name: str, current: Json, value: Json) -> Json:
        field_type = self.model.fields.get(name, "any")
        if name == "Params":
            return merge_map(current, value, self.purge_params)
        if name == "Meta":
            return merge_map(current, value, False)
        if name == "Profiles" and self.append_profiles:
            return append_missing(current, value)
        if field_type in ("struct", "structs"):
            return overlay(current, value)
        return value

    def _name_lookup(self) -> str:
        name = self.spec.get("Name")
        return f"Name:{name}" if name and self.model.key != "Name" else ""

    def _normalized_spec(self) -> Object:
        """The spec in the model's spelling; the server itself takes any letter case."""
        normalized: Object = {}
        for name, value in self.spec.items():
            proper = self.model.spelling(name) or name
            if proper.lower() in _COMPUTED:
                continue  # the server computes it; it would keep a ReadOnly that was sent
            if proper in normalized:
                raise UsageError(f"{self.kind}: {proper} is given twice")
            field_type = self.model.fields.get(proper)
            if field_type == "map" and not isinstance(value, (dict, type(None))):
                raise UsageError(f"{self.kind}: {proper} must be a map of names to values")
            if field_type in ("list", "structs") and not isinstance(value, (list, type(None))):
                raise UsageError(f"{self.kind}: {proper} must be a list")
            normalized[proper] = value
        if isinstance(normalized.get("Meta"), dict):
            normalized["Meta"] = {name: _meta_text(value) for name, value in normalized["Meta"].items()}
        return normalized


_COMPUTED = frozenset(name.lower() for name in (*models.COMPUTED, *models.COMPUTED_V4))


def _meta_text(value: Json) -> Json:
    """Metadata holds text only; YAML's numbers and booleans become what one would write for them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else value
