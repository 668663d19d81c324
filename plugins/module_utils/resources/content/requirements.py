# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a server must have before it can take a content pack: features, other packs, and free keys."""

from __future__ import annotations

import dataclasses
import typing as t

from ...client import models
from ...client.client import Client
from ...client.errors import NotFound, NotPermitted, UsageError
from ...client.packs import contents
from ...client.packs.contents import Summary
from ...client.packs.pack import Object, Pack, server_key
from .versions import satisfies

OVERRIDABLE = ("default", "basic")
"""Types of the layers whose objects any pack may replace by its own."""
_SLIM_FILTER = ("slim", "Params,Meta")
_MAX_LISTED = 10


def require_features(client: Client, pack: Pack) -> None:
    """UsageError that names the features the pack asks for and the server lacks."""
    wanted = _comma_list(pack, "RequiredFeatures")
    info = client.info() if wanted else {}
    have = {str(feature).lower() for feature in info.get("features") or []}
    missing = [feature for feature in wanted if feature.lower() not in have]
    if missing:
        raise UsageError(
            f"content pack {pack['meta']['Name']} requires features that this server "
            f"({info.get('version')}) does not have: {', '.join(missing)}"
        )


def require_prerequisites(client: Client, pack: Pack, layers: t.Sequence[Summary]) -> list[str]:
    """UsageError that names the packs that must be there first; as warnings what cannot be determined."""
    versions = {layer["meta"]["Name"]: str(layer["meta"].get("Version") or "") for layer in layers}
    missing, warnings = [], []
    for entry in _comma_list(pack, "Prerequisites"):
        name, _colon, wanted = (part.strip() for part in entry.partition(":"))
        if name not in versions:
            provider = client.find("plugin_providers", name)
            if provider is None:
                missing.append(entry)
                continue
            versions[name] = str(provider.get("Version") or "")
        try:
            if wanted and not satisfies(versions[name], wanted):
                missing.append(f"{entry} (installed: {versions[name]})")
        except ValueError as error:
            warnings.append(
                f"content pack {pack['meta']['Name']}: cannot tell whether {name} is {wanted}: {error}"
            )
    if missing:
        raise UsageError(
            f"content pack {pack['meta']['Name']} has prerequisites that are not installed: "
            f"{'; '.join(missing)}. Install them first, or set force: true"
        )
    return warnings


@dataclasses.dataclass
class OtherLayers:
    """The other layers, as far as they stand in the way of a pack."""

    client: Client
    pack: Pack
    layers: t.Sequence[Summary]
    replace_writable: bool = False
    _packs: dict[str, Pack] = dataclasses.field(default_factory=dict)

    def refuse_overrides(self, current: Pack | None) -> None:
        """UsageError when keys that ``current`` lacks belong to another layer already.

        Costs one list for each kind of which another layer holds something, and more only for a hit.
        """
        clashes = []
        for section, keys in self._new_keys(current).items():
            if self._layers_with(section):
                clashes += self._clashes(section, keys)
        if clashes:
            more = f" and {len(clashes) - _MAX_LISTED} more" if len(clashes) > _MAX_LISTED else ""
            raise UsageError(
                f"content pack {self.pack['meta']['Name']} would override objects of other layers: "
                f"{', '.join(clashes[:_MAX_LISTED])}{more}. Rename them, or remove them there first"
            )

    def overridden(self, section: str) -> set[str]:
        """The keys of a section that come to light again when the pack goes."""
        return {
            key
            for layer in self.layers
            if layer["meta"]["Type"] in OVERRIDABLE and _counts(layer).get(section)
            for key in self._keys(layer["meta"]["Name"], section)
        }

    def _new_keys(self, current: Pack | None) -> dict[str, set[str]]:
        old = current["sections"] if current else {}
        keys = {section: set(_by_key(section, items)) for section, items in self.pack["sections"].items()}
        fresh = {
            section: mine - set(_by_key(section, old.get(section, {}))) for section, mine in keys.items()
        }
        return {section: mine for section, mine in fresh.items() if mine}

    def _layers_with(self, section: str) -> list[Summary]:
        return [
            layer
            for layer in self.layers
            if layer["meta"]["Type"] not in OVERRIDABLE
            and layer["meta"]["Name"] != self.pack["meta"]["Name"]
            and _counts(layer).get(section)
        ]

    def _clashes(self, section: str, keys: set[str]) -> list[str]:
        try:
            there = _by_key(section, dict(enumerate(self.client.list(section, *_SLIM_FILTER))))
        except (NotFound, NotPermitted):
            return []
        clashes = []
        for key in sorted(keys & there.keys()):
            layer = self._layer_of(section, key, there[key])
            if layer:
                clashes.append(f"{models.get(section).singular} {key} of {layer}")
        return clashes

    def _layer_of(self, section: str, key: str, item: Object) -> str:
        """The layer that must not be overridden; "" when the object is in one that may be."""
        types = {layer["meta"]["Name"]: layer["meta"]["Type"] for layer in self.layers}
        bundle = str(item.get("Bundle") or "")
        if bundle in types:
            return "" if types[bundle] in OVERRIDABLE else bundle
        if not item.get("ReadOnly"):
            return "" if self.replace_writable else "the server itself (BackingStore)"
        names = (layer["meta"]["Name"] for layer in self._layers_with(section))
        return next((name for name in names if key in self._keys(name, section)), "")

    def _keys(self, layer: str, section: str) -> set[str]:
        if layer not in self._packs:
            try:
                self._packs[layer] = contents.get_item(self.client, layer)
            except (NotFound, NotPermitted):
                self._packs[layer] = {"meta": {}, "sections": {}}
        return set(_by_key(section, self._packs[layer]["sections"].get(section) or {}))


def _by_key(section: str, items: t.Mapping[t.Any, Object]) -> dict[str, Object]:
    return {server_key(section, item) or str(place): item for place, item in items.items()}


def _counts(layer: Summary) -> dict[str, int]:
    return layer.get("Counts") or {}


def _comma_list(pack: Pack, field: str) -> list[str]:
    text = str(pack["meta"].get(field) or "")
    return [word.strip() for word in text.split(",") if word.strip()]
