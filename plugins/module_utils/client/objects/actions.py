# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Actions that plugins offer on objects (power, BIOS, ...) and on the system."""

from __future__ import annotations

import typing as t

from ..client import Client

Json = t.Any
OF_SERVER: t.Mapping[str, t.Sequence[str]] = {
    "work_orders": ("restart",),
    "batches": ("restart",),
    "alerts": ("acknowledge",),
}
"""Kind -> commands that are routes of v4 servers."""
SYSTEM = "system"


def available(client: Client, kind: str, key: str = "", plugin: str = "") -> list[dict[str, Json]]:
    """The actions that could run now, each with Provider, Model, Command and its params."""
    request = client.req().get().url_for(*_path(kind, key)).params(*_plugin_query(plugin))
    return t.cast("list[dict[str, Json]]", request.do() or [])


def describe(client: Client, kind: str, key: str, command: str, plugin: str = "") -> dict[str, Json]:
    """One action; NotFound when it cannot run on this object."""
    request = client.req().get().url_for(*_path(kind, key), command).params(*_plugin_query(plugin))
    return t.cast("dict[str, Json]", request.do())


def run(
    client: Client,
    kind: str,
    key: str,
    command: str,
    values: dict[str, Json] | None = None,
    plugin: str = "",
) -> Json:
    """Run an action and return what the plugin says, in a form of its own.

    Never sent twice: whether an action may run again is not for the transport to decide.
    """
    if is_of_server(kind, command, plugin):
        return client.req().post(values or {}).url_for(kind, key, command).fail_fast().do()
    request = client.req().post(values or {}).url_for(*_path(kind, key), command)
    return request.params(*_plugin_query(plugin)).fail_fast().do()


def is_of_server(kind: str, command: str, plugin: str = "") -> bool:
    """Whether it is something that a v4 server does itself, without a plugin."""
    return not plugin and command in OF_SERVER.get(kind, ())


def _path(kind: str, key: str) -> tuple[str, ...]:
    if kind == SYSTEM:
        return (SYSTEM, "actions")
    # The path /actions of a job is its list of scripts.
    return (kind, key, "plugin_actions" if kind == "jobs" else "actions")


def _plugin_query(plugin: str) -> tuple[str, ...]:
    return ("plugin", plugin) if plugin else ()
