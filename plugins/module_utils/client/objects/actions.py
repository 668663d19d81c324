# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Actions that plugins offer on objects (power, BIOS, ...) and on the system."""

from __future__ import annotations

import dataclasses
import typing as t

from ..client import Client
from ..errors import UsageError
from ..filters import literal

Json = t.Any


@dataclasses.dataclass(frozen=True)
class ServerRoute:
    """A route below an object that a v4 server carries out itself, called like an action of a plugin."""

    method: str = "POST"
    body: str = ""
    """The param that is the body; "" for all params that are nothing else."""
    path: str = ""
    """The param that ends the path; "" for none."""
    query: tuple[str, ...] = ()
    """Params that go into the query."""

    def check(self, command: str, values: t.Mapping[str, Json]) -> None:
        """UsageError for a param that is missing, or that the route has not."""
        required = [name for name in (self.body, self.path) if name]
        missing = [name for name in required if not values.get(name)]
        if missing:
            raise UsageError(f"params: {command} requires {' and '.join(missing)}")
        unknown = sorted({*values} - {*required, *self.query}) if self.body or self.path else []
        if unknown:
            raise UsageError(f"params: {command} has no param {', '.join(unknown)}")

    def send(self, client: Client, kind: str, key: str, command: str, values: dict[str, Json]) -> Json:
        """What the server answers; never sent twice."""
        self.check(command, values)
        apart = {self.path, self.body, *self.query}
        body = values[self.body] if self.body else {n: v for n, v in values.items() if n not in apart}
        request = client.req().meth(self.method)
        if self.method != "DELETE" or self.body:
            request.body(body)
        below = [command, str(values[self.path])] if self.path else [command]
        query = [part for name in self.query if name in values for part in (name, literal(values[name]))]
        return request.url_for(kind, key, *below).params(*query).fail_fast().do()


OF_SERVER: t.Mapping[tuple[str, str], ServerRoute] = {
    ("work_orders", "restart"): ServerRoute(),
    ("batches", "restart"): ServerRoute(),
    ("alerts", "acknowledge"): ServerRoute(),
    ("subnets", "allocate"): ServerRoute(),
    ("subnets", "release"): ServerRoute("DELETE", path="address"),
    ("bootenvs", "purgeLocal"): ServerRoute("DELETE", body="arches", query=("reexplodeIsos",)),
}
"""Kind and command -> the route of v4 servers."""
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
        return OF_SERVER[kind, command].send(client, kind, key, command, values or {})
    request = client.req().post(values or {}).url_for(*_path(kind, key), command)
    return request.params(*_plugin_query(plugin)).fail_fast().do()


def is_of_server(kind: str, command: str, plugin: str = "") -> bool:
    """Whether it is something that a v4 server does itself, without a plugin."""
    return not plugin and (kind, command) in OF_SERVER


def _path(kind: str, key: str) -> tuple[str, ...]:
    if kind == SYSTEM:
        return (SYSTEM, "actions")
    # The path /actions of a job is its list of scripts.
    return (kind, key, "plugin_actions" if kind == "jobs" else "actions")


def _plugin_query(plugin: str) -> tuple[str, ...]:
    return ("plugin", plugin) if plugin else ()
