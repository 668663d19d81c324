# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Secure params of an object: detected, compared, sealed, and never shown.

Which params are secure is learnt without asking where nothing has to be asked: a value that is there comes
sealed, and a value that is new is refused by the server unless it is sealed.  Only then, and in check mode,
are definitions looked up.  So objects without secure params cost no request more.

A sealed value cannot be compared with a plain one.  The server is asked to decode what is there; without the
claim for that nothing is known, and the value stays as it is unless ``update_secure`` says otherwise.  A
digest kept beside it would make it comparable, for everybody who can read the object and guess.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ..client import models
from ..client.client import Client
from ..client.errors import DrpError, NotPermitted, UsageError
from ..client.masking import is_telling
from ..client.objects import claims, params
from ..client.objects.sealed import is_sealed
from ..client.objects.secure import seal, secure_flags, unseal
from ..client.patch import same_json
from ..client.third_party import require_packages
from .resource import Object, Resource
from .show import HIDDEN

Json = t.Any

WHEN_DIFFERENT, ALWAYS, ON_CREATE = "when_different", "always", "on_create"
UPDATE_SECURE = (WHEN_DIFFERENT, ALWAYS, ON_CREATE)

_SEALED_PLACEHOLDER = {"Key": "", "Nonce": "", "Payload": ""}
"""Stands for a sealed value where nothing is sent."""


@dataclasses.dataclass
class SecureParams:
    """The secure params of one resource while it is converged."""

    client: Client
    resource: Resource
    check: bool
    of_group: bool = False
    """Whether they are those that the members of the object share."""
    warnings: list[str] = dataclasses.field(default_factory=list)
    _insecure: set[str] = dataclasses.field(default_factory=set)
    _assumed_secure: set[str] = dataclasses.field(default_factory=set)
    """The params that were treated as secure in the last plan."""
    _new_sealed: dict[str, Json] = dataclasses.field(default_factory=dict)
    """What was sealed for the object, by name."""
    _unsealed: dict[str, tuple[Json, Json]] = dataclasses.field(default_factory=dict)
    """Name -> the sealed value that was there, and what it holds (itself when that is not known)."""

    def wanted_object(self, current: Object) -> Object:
        """The object as it should become, secure values sealed; those that are right stay as they are."""
        wanted_object = self.resource.wanted_object(current)
        current_params = current.get("Params") or {}
        secure = self._secure_names(current_params)
        if not secure:
            return wanted_object
        to_write = self._names_to_write(current, secure)
        values = {
            name: self._seal(current, name) if name in to_write else current_params[name] for name in secure
        }
        return {**wanted_object, "Params": {**wanted_object["Params"], **values}}

    def creation_body(self) -> tuple[Object, Object]:
        """What to send to create the object, and what to show of it.

        Secure values come after it: there is no key to seal them with before.
        """
        body = self.resource.creation_body()
        secure = self._secure_names({})
        if not secure:
            return body, body
        # before half of the work is done
        self._require_pynacl(secure[0])
        shown = {**body["Params"], **dict.fromkeys(secure, _SEALED_PLACEHOLDER)}
        sent = {name: value for name, value in body["Params"].items() if name not in secure}
        return {**body, "Params": sent}, {**body, "Params": shown}

    def fetch_definitions(self, current: Object | None) -> None:
        """Look up what the server would complain about, where nothing is sent that it could refuse."""
        current_params = (current or {}).get("Params") or {}
        unknown = [
            name
            for name in self._plain_values
            if name not in current_params and name not in self.client.param_security
        ]
        if unknown:
            known = secure_flags(self.client, unknown)
            # where no definition may be seen the server decides, and here nothing is sent to it
            self._register_secrets(name for name in unknown if self._is_hidden(name, known))

    def learn_from_refusal(self, refusal: DrpError) -> bool:
        """Whether more is known about the params than before the server refused the object."""
        text = " ".join(refusal.messages)
        named = {name for name in self._plain_values if name in text} or set(self._plain_values)
        if not named:
            return False
        known = secure_flags(self.client, named)
        self._insecure |= {name for name, secure in known.items() if not secure}
        self._register_secrets(name for name in named if known.get(name) or self._is_hidden(name, known))
        # not what the client knew before: another thread may have learnt it while we were refused
        return any(secure != (name in self._assumed_secure) for name, secure in known.items())

    def _is_hidden(self, name: str, known: t.Container[str]) -> bool:
        """Whether a param has a definition that this token may not see: it may be secure."""
        return name not in known and claims.is_hidden(self.client, "params", name)

    def mask_plan(self, planned: Object) -> Object:
        """A plan that was made before it was known what is secure, fit to be shown."""
        values = planned.get("Params") or {}
        secure = [name for name in self._plain_values if name in values and self._is_secure(name, None)]
        return (
            {**planned, "Params": {**values, **dict.fromkeys(secure, _SEALED_PLACEHOLDER)}}
            if secure
            else planned
        )

    def mask_error(self, error: DrpError) -> None:
        """Remove secret values from the server's error, which quotes invalid values.

        What is in every other message is left there, so that its words can be understood.
        """
        for text in sorted(filter(is_telling, self.resource.secrets), key=len, reverse=True):
            error.messages = [message.replace(text, HIDDEN) for message in error.messages]
        error.args = tuple(error.messages)

    # -- inside

    @property
    def _plain_values(self) -> dict[str, Json]:
        """The values that may have to be sealed.  One that the user has sealed is sent as it is."""
        wanted = self.resource.spec.get("Params") or {}
        return {name: value for name, value in wanted.items() if value is not None and not is_sealed(value)}

    def _secure_names(self, current_params: t.Mapping[str, Json]) -> list[str]:
        secure = [name for name in self._plain_values if self._is_secure(name, current_params.get(name))]
        self._assumed_secure = set(secure)
        self._register_secrets(secure)
        return secure

    def _is_secure(self, name: str, current_params: Json) -> bool:
        return self.client.param_security.get(name, False) or (
            is_sealed(current_params) and name not in self._insecure
        )

    def _names_to_write(self, current: Object, secure: list[str]) -> set[str]:
        """Which of the secure values have to be written."""
        current_params, policy = current.get("Params") or {}, self.resource.update_secure
        absent = {name for name in secure if name not in current_params}
        present = [
            name
            for name in secure
            if name in current_params and current_params[name] != self._new_sealed.get(name)
        ]
        if policy != WHEN_DIFFERENT:
            return absent | (set(present) if policy == ALWAYS else set())
        self._unseal(current, [name for name in present if is_sealed(current_params[name])])
        differing = set()
        for name in present:
            _sealed, clear = self._unsealed.get(name, (None, current_params[name]))
            if is_sealed(clear):
                self._warn_unreadable(name)
            elif not same_json(clear, self._plain_values[name]):
                differing.add(name)
        return absent | differing

    def _unseal(self, current: Object, names: list[str]) -> None:
        current_params = current["Params"]
        asked = [name for name in names if self._unsealed.get(name, (None,))[0] != current_params[name]]
        if asked:
            kind = self.resource.kind
            clear = unseal(self.client, kind, models.key_of(kind, current), asked, self.of_group)
            self._unsealed.update(
                {name: (current_params[name], clear.get(name, current_params[name])) for name in asked}
            )

    def _warn_unreadable(self, name: str) -> None:
        warning = (
            f"{self.resource.label}: the secure param {name} was left unchanged: this token cannot read it "
            f"(claim getSecure on {self.resource.kind}), so its value cannot be compared. Set update_secure: "
            "always to write it each time"
        )
        if warning not in self.warnings:
            self.warnings.append(warning)

    def _seal(self, current: Object, name: str) -> Json:
        if name not in self._new_sealed:
            self._require_pynacl(name)
            if self.check:
                return _SEALED_PLACEHOLDER
            self._new_sealed[name] = seal(self._plain_values[name], self._public_key(current))
        return self._new_sealed[name]

    def _require_pynacl(self, name: str) -> None:
        require_packages("PyNaCl", purpose=f"to set the secure param {name} of {self.resource.label}")

    def _public_key(self, current: Object) -> str:
        kind = self.resource.kind
        try:
            return params.public_key(self.client, kind, models.key_of(kind, current), self.of_group)
        except NotPermitted as error:
            raise UsageError(
                f"{self.resource.label}: its secure params cannot be set with this token: "
                f"it needs the claim updateSecure on {kind}"
            ) from error

    def _register_secrets(self, names: t.Iterable[str]) -> None:
        for name in names:
            self.resource.secrets.update(texts_of(self._plain_values[name]))


def texts_of(value: Json) -> t.Iterator[str]:
    """All texts and numbers in a value, and the JSON of the whole, as they would appear in words."""
    if isinstance(value, str):
        yield from filter(None, (value, json.dumps(value)[1:-1]))
    elif isinstance(value, (dict, list)):
        yield json.dumps(value)
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts_of(inner)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
