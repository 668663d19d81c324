# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a server tells beyond objects: rendered templates, connections, who has an address, its upgrade."""

from __future__ import annotations

import typing as t

from ...client import features, models
from ...client.client import Client
from ...client.errors import NotFound, UsageError
from ...client.waiting.watch import RUNNERS
from ...converge.show import masked
from ...converge.task import Options, Result
from ..lookup import find_one

_WITHOUT_TOKEN = ("Uuid", "Score")


def rendered(client: Client, kind: str, options: Options) -> Result:
    """A template, or a text with template expressions, expanded for the object."""
    template, text = options.get("template"), options.get("template_text")
    if (template is None) == (text is None):
        raise UsageError("gather: render requires one of template and template_text")
    key = _key(client, kind, options, "render")
    if template is not None:
        request = client.req().get().url_for("templates", template, "render", key)
    else:
        request = client.req().post(text).url_for(kind, key, "render")
    try:
        return {"rendered": request.do()}
    except NotFound as error:
        if template is not None and client.find("templates", template) is None:
            raise UsageError(f"template: no such template: {template}") from error
        raise UsageError("gather: this server renders no templates on request") from error


def connections(client: Client, kind: str, options: Options) -> Result:
    """The agents and other clients that the server has a connection with for the object."""
    key = _key(client, kind, options, "connections")
    try:
        return {"connections": client.req().get().url_for(kind, key, "connections").do() or []}
    except NotFound as error:
        raise UsageError(f"gather: this server tells no connections of {kind}") from error


def whoami(client: Client, kind: str, options: Options) -> Result:
    """The machine that has these hardware addresses, by the server's own comparison."""
    del kind
    addresses = options.get("hardware_addrs")
    if not addresses:
        raise UsageError("gather: whoami requires hardware_addrs")
    client.require_feature(features.V4, "gather: whoami")
    answer = client.req().post({"MacAddrs": addresses}).url_for("whoami").do_object()
    result: t.Any = answer.get("Result") or {}
    # it may hold a token for the machine, which is a secret
    return {"whoami": {name: result[name] for name in _WITHOUT_TOKEN if name in result}}


def upgrade(client: Client, kind: str, options: Options) -> Result:
    """How far the upgrade of the server is, as it keeps that in a profile."""
    del kind, options
    client.require_feature(features.V4, "gather: upgrade")
    try:
        found = client.req().get().url_for("system", "upgrade", "status").do_object()
    except NotFound as error:
        raise UsageError("gather: this server tells no state of an upgrade") from error
    return {"upgrade": masked("profiles", found)}


def _key(client: Client, kind: str, options: Options, part: str) -> str:
    if kind not in RUNNERS:
        raise UsageError(f"gather: {part} requires kind to be one of {', '.join(RUNNERS)}")
    named = options.get("id") or options.get("name")
    if not named:
        raise UsageError(f"gather: {part} requires name or id")
    client.require_feature(features.V4, f"gather: {part}")
    return models.require_key(kind, find_one(client, kind, named))


PARTS: t.Mapping[str, t.Callable[[Client, str, Options], Result]] = {
    "render": rendered,
    "connections": connections,
    "whoami": whoami,
    "upgrade": upgrade,
}
"""Value of the option ``gather`` -> who answers it."""
