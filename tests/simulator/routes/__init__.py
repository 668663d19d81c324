# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The routes of the API: the first path element decides who answers."""

from __future__ import annotations

from ..call import Handler
from . import actions, blobs, contents, events, jobs, models, providers, system, users, websocket

SPECIAL: dict[str, Handler] = {
    "contents": contents.handle,
    "events": events.post,
    "files": blobs.files,
    "indexes": system.indexes,
    "info": system.info,
    "interfaces": system.interfaces,
    "isos": blobs.isos,
    "jobs": jobs.handle,
    "logs": system.logs,
    "meta": system.meta,
    "plugin_providers": providers.handle,
    "prefs": system.prefs,
    "system": actions.system,
    "users": users.handle,
    "ws": websocket.handle,
}

# their handlers read the body themselves, as it comes in
STREAMED = frozenset({"files", "isos", "ws"})


def handler_for(prefix: str) -> Handler:
    return SPECIAL.get(prefix, models.handle)
