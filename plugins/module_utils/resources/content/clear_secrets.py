# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Secure params in clear inside of a pack, which a v3.12 server refuses with an internal error."""

from __future__ import annotations

import typing as t

from ...client import features, models
from ...client.client import Client
from ...client.errors import UsageError
from ...client.objects.sealed import is_sealed
from ...client.objects.secure import secure_flags
from ...client.packs.pack import Pack
from ...converge.task import Task
from .show import secret_texts, secure_params

Place = tuple[str, str, str]
"""A kind, the name of an object, and the name of a param."""
_KINDS = ("profiles", "machines", "plugins")
_MAX_LISTED = 5


def refuse_clear_secrets(task: Task, pack: Pack) -> None:
    """UsageError for values in clear that are, or with this pack become, values of secure params.

    The server seals such values where it can write.  Inside of a pack it cannot, neither in this one nor in
    another that is there already.
    """
    client = task.client
    if client.has_feature(features.SECURE_PACKS.flag):
        return
    values = list(_clear_values(pack))
    secure = secure_params(pack)
    unknown = {param for _kind, _name, param in values} - secure
    if unknown:
        secure |= {name for name, is_secure in secure_flags(client, unknown).items() if is_secure}
    found = [place for place in values if place[2] in secure]
    task.secrets.update(secret_texts(pack, secure))
    if found:
        raise UsageError(
            f"content pack {pack['meta']['Name']}: {_listed(found)}: this server cannot keep the value of a "
            "secure param inside of a content pack, and would refuse the pack. Leave the value out, and "
            "set it on a machine, or on a profile outside of content packs, with drp_machine or drp_object: "
            "they encrypt it"
        )
    _refuse_in_other_packs(client, pack)


def _refuse_in_other_packs(client: Client, pack: Pack) -> None:
    """A definition that makes a param secure seals its values, which the server cannot do in other packs."""
    defined = secure_params(pack)
    newly = {name for name in defined if not secure_flags(client, [name]).get(name)}
    if not newly:
        return
    profiles = client.list("profiles", "ReadOnly", "Eq", "true")
    objects = {str(profile["Name"]): profile for profile in profiles}
    own = {
        models.key_of("profiles", item) or str(place)
        for place, item in (pack["sections"].get("profiles") or {}).items()
    }
    found = [
        place for place in _clear_params("profiles", objects) if place[2] in newly and place[1] not in own
    ]
    if found:
        raise UsageError(
            f"content pack {pack['meta']['Name']}: it makes params secure whose values lie in clear inside "
            f"of another content pack: {_listed(found)}. This server cannot encrypt them there, and would "
            "refuse the pack. Remove the values from the other pack first"
        )


def _clear_values(pack: Pack) -> t.Iterator[Place]:
    for kind in _KINDS:
        yield from _clear_params(kind, pack["sections"].get(kind) or {})


def _clear_params(kind: str, objects: t.Mapping[t.Any, t.Any]) -> t.Iterator[Place]:
    for place, item in objects.items():
        for name, value in (item.get("Params") or {}).items():
            if not is_sealed(value):
                yield kind, models.label_of(kind, item) or str(place), str(name)


def _listed(places: t.Sequence[Place]) -> str:
    listed = [f"{models.get(kind).singular} {name}: {param}" for kind, name, param in places[:_MAX_LISTED]]
    more = f"; and {len(places) - _MAX_LISTED} more" if len(places) > _MAX_LISTED else ""
    return "; ".join(listed) + more
