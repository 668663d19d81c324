# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Which layer of the server an object comes from: only the writable one can be changed by hand."""

from __future__ import annotations

import typing as t

from .. import models
from ..client import Client
from ..errors import NotFound, NotPermitted

WRITABLE = "writable"
"""The Type of the layer with what was made by hand."""


def read_only_layer(client: Client, kind: str, item: t.Mapping[str, t.Any]) -> str | None:
    """The layer that keeps users from changing an object; "" when it is in the writable one.

    A v4 server tells in ``Bundle``.  A v3.12 server does not, and its ``ReadOnly`` proves nothing: it keeps
    what a client has sent.  So the layers are looked at.  None when these credentials may not do that.
    """
    try:
        layers: dict[str, t.Any] = {str(layer["meta"]["Name"]): layer for layer in _contents(client)}
        bundle = str(item.get("Bundle") or "")
        if bundle in layers:
            return "" if layers[bundle]["meta"].get("Type") == WRITABLE else bundle
        for name, layer in layers.items():
            if layer["meta"].get("Type") != WRITABLE and (layer.get("Counts") or {}).get(kind):
                objects = _contents(client, name)["sections"].get(kind) or {}
                if any(models.key_of(kind, there) == models.key_of(kind, item) for there in objects.values()):
                    return name
    except (NotFound, NotPermitted):
        return None
    return ""


def _contents(client: Client, *name: str) -> t.Any:
    return client.req().get().url_for("contents", *name).do()
