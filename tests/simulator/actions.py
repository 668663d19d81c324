# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plugin providers, their plugins, and the actions these offer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from . import incrementer
from .errors import ApiError, Crash
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
        provider = self._server.store.get("plugin_providers", plugin.data["Provider"])
        if provider:
            # what is offered is completed with the first start, and remains so
            provider.refresh(
                AvailableActions=[_filled(provider, a) for a in provider.data["AvailableActions"]]
            )
            self._server.bus.publish("plugins", "configed", name, "plugin", lambda: plugin.text)
        else:
            plugin.refresh(PluginErrors=[f"Missing Plugin Provider: {plugin.data['Provider']}"])
            self._server.bus.publish("plugins", "save", name, "plugin", lambda: plugin.text)

    def stop(self, plugin: Row) -> None:
        self._server.bus.publish("plugins", "stopped", plugin.key, "plugin", lambda: plugin.text)

    def offered(self, prefix: str, plugin: str = "") -> Iterator[Obj]:
        """Every action for a model (``system`` for those without one); ``plugin`` names a plugin object."""
        wanted = "" if prefix == "system" else prefix
        known = self._server.store["plugin_providers"]
        for row in self._server.store["plugins"]:
            provider = known.get(row.data["Provider"]) if plugin in ("", row.key) else None
            for action in provider.data["AvailableActions"] if provider else ():
                if provider and action["Model"] == wanted:
                    yield _filled(provider, action)

    def available(self, prefix: str, row: Row, plugin: str = "") -> list[Obj]:
        """Actions that could run now: what they require is there and well-formed."""
        found: dict[str, Obj] = {}
        for action in self.offered(prefix, plugin):
            if action["Command"] not in found and not self.problems(action, row):
                found[action["Command"]] = action
        return [found[command] for command in sorted(found)]

    def problems(self, action: Obj, row: Row) -> list[str]:
        """Why the action could not run now as it is."""
        return self._gather(action, row, {})[1]

    def _gather(self, action: Obj, row: Row, given: Obj | None) -> tuple[Obj, list[str]]:
        """The values an action gets, and what is wrong with them."""
        params, command = self._server.params, action["Command"]
        values, problems = dict(given or {}), []
        for name, value in values.items():
            param = self._server.store.get("params", name)
            if param and param.data["Secure"]:
                problems.append(f"Action {command} cannot be passed secure parameter {name} via the API")
            wrong = params.check(param, None, value) if param else []
            problems += [f"Action {command}: Invalid Parameter: {name}: {reason}" for reason in wrong]
        for name in (*action["RequiredParams"], *action["OptionalParams"]):
            if name in values or "Params" not in row.data:
                continue
            present, value = params.lookup(row, name, decode=bool(values))
            if present and given is None:
                raise Crash("an action without a body that gets a value")
            if present:
                values[name] = value
            elif name in action["RequiredParams"]:
                problems.append(f"Action {command} Missing Parameter {name}")
        return values, problems

    def prepare(self, prefix: str, row: Row, key: str, command: str, given: Obj | None, plugin: str) -> Obj:
        """The call that an invocation makes; ApiError (400) when there is none or a param is wrong."""
        problems = [f"Action {command} on {prefix}: Not Found"]
        for action in self.offered(prefix, plugin):
            if action["Command"] == command:
                values, problems = self._gather(action, row, given)
                if not problems:
                    provider = action["Provider"]
                    return {"Model": row.data, "Plugin": provider, "Command": command, "Params": values}
        raise ApiError(400, "INVOKE", *problems, model=prefix, key=key)

    def publish(self, prefix: str, key: str, call: Obj, principal: str) -> None:
        self._server.bus.publish(prefix, call["Command"], key, principal, lambda: dumps(call))

    def run(self, call: Obj, row: Row) -> Any:
        """Let the plugin act; ActionFailed when it does not."""
        # assumption: a provider that cannot run here fails as if its process had died
        runner = self._runners.get(call["Plugin"])
        if not runner:
            raise ActionFailed(f"Plugin {call['Plugin']} cannot run here")
        try:
            return runner(self._server, row, call["Command"], call["Params"])
        except ApiError as problem:
            raise ActionFailed("; ".join(problem.messages)) from problem
        except TypeError as problem:
            raise ActionFailed(str(problem)) from problem


def _filled(provider: Row, action: Obj) -> Obj:
    lists = {name: action[name] or [] for name in ("RequiredParams", "OptionalParams")}
    return {**action, **lists, "Provider": provider.key}
