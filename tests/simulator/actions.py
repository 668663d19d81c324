# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plugin providers, their plugins, and the actions these offer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from . import incrementer
from .errors import ApiError
from .models import raw_model
from .store import Layer, Row
from .wire import Obj, dumps

if TYPE_CHECKING:
    from .server import Server


class ActionFailed(Exception):
    """The plugin did not carry out the action."""


class Plugins:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._runners = {incrementer.NAME: incrementer.run}
        content = incrementer.CONTENT
        self.add_provider(incrementer.DEFINITION)
        server.store.layers[incrementer.NAME] = Layer(
            incrementer.NAME, "plugin", content["meta"], content["sections"]
        )

    def add_provider(self, definition: Obj) -> Row:
        model = self._server.store["plugin_providers"].model
        row = Row(model, definition["Name"], model.decode(definition))
        self._server.store[model.prefix].put(row)
        for prefix in row.data["StoreObjects"]:
            self._server.store.add_type(raw_model(prefix))
        return row

    def remove_provider(self, row: Row) -> None:
        self._server.store["plugin_providers"].drop(row)
        for prefix in row.data["StoreObjects"]:
            self._server.store.remove_type(prefix)

    def stored_type(self, prefix: str) -> Obj:
        """Member schemas of a plugin-defined type."""
        for row in self._server.store["plugin_providers"]:
            if prefix in row.data["StoreObjects"]:
                return row.data["StoreObjects"][prefix] or {}
        return {}

    def start(self, name: str) -> None:
        """Configure a plugin object, some time after it was written."""
        plugin = self._server.store.get("plugins", name)
        if not plugin:
            return
        provider = plugin.data["Provider"]
        if self._server.store.get("plugin_providers", provider):
            self._server.bus.publish("plugins", "configed", name, "plugin", lambda: plugin.text)
        else:
            plugin.refresh(PluginErrors=[f"Missing Plugin Provider: {provider}"])
            self._server.bus.publish("plugins", "save", name, "plugin", lambda: plugin.text)

    def stop(self, plugin: Row) -> None:
        self._server.bus.publish("plugins", "stopped", plugin.key, "plugin", lambda: plugin.text)

    def _running(self, plugin: str) -> list[Row]:
        """Providers that have a plugin object (of the given name, if any), in plugin order."""
        known = self._server.store["plugin_providers"]
        plugins = [row.data for row in self._server.store["plugins"] if plugin in ("", row.key)]
        names = dict.fromkeys(data["Provider"] for data in plugins if not data["PluginErrors"])
        return [row for name in names if (row := known.get(name))]

    def offered(self, prefix: str, plugin: str = "") -> Iterator[Obj]:
        """Every action for a model (``system`` for those without one); ``plugin`` names a plugin object."""
        wanted = "" if prefix == "system" else prefix
        for row in self._running(plugin):
            for action in row.data["AvailableActions"]:
                if action["Model"] == wanted:
                    lists = {k: action[k] or [] for k in ("RequiredParams", "OptionalParams")}
                    yield {**action, **lists, "Provider": row.key}

    def available(self, prefix: str, row: Row | None, plugin: str = "") -> list[Obj]:
        """Actions that could run now: what they require is there and well-formed."""
        return [action for action in self.offered(prefix, plugin) if not self._gather(action, row, {})[1]]

    def _gather(self, action: Obj, row: Row | None, given: Obj) -> tuple[Obj, list[str]]:
        """The values an action gets, and what is wrong with them."""
        params, values, problems = self._server.params, {}, []
        owner = (row.model.prefix, row.key) if row else ("system", "")
        for name in (*action["RequiredParams"], *action["OptionalParams"]):
            present, value = (True, given[name]) if name in given else (False, None)
            if not present and row and "Params" in row.data:
                present, value = params.lookup(row, name, decode=True)
            if present:
                values[name] = value
                param = self._server.store.get("params", name)
                problems += params.check(param, owner, value) if param else []
            elif name in action["RequiredParams"]:
                problems.append(f"Missing Parameter {name}")
        return values, problems

    def prepare(self, prefix: str, row: Row | None, key: str, command: str, given: Obj, plugin: str) -> Obj:
        """The call that an invocation makes; ApiError (400) when there is none or a param is wrong."""
        action = next((a for a in self.offered(prefix, plugin) if a["Command"] == command), None)
        if not action:
            raise ApiError(400, "INVOKE", f"Action {command} on {prefix}: Not Found", model=prefix, key=key)
        values, problems = self._gather(action, row, given)
        if problems:
            raise ApiError(400, "INVOKE", *problems, model=prefix, key=key)
        model = row.data if row else None
        return {"Model": model, "Plugin": action["Provider"], "Command": command, "Params": values}

    def publish(self, prefix: str, key: str, call: Obj, principal: str) -> None:
        self._server.bus.publish(prefix, call["Command"], key, principal, lambda: dumps(call))

    def run(self, call: Obj, row: Row | None) -> Any:
        """Let the plugin act; ActionFailed when it does not."""
        runner = self._runners.get(call["Plugin"])
        if not runner:
            raise ActionFailed(f"Plugin {call['Plugin']} cannot run here")
        try:
            return runner(self._server, row, call["Command"], call["Params"])
        except ApiError as problem:
            raise ActionFailed("; ".join(problem.messages)) from problem
        except TypeError as problem:
            raise ActionFailed(str(problem)) from problem
