# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Actions of plugins: run on one object, on many in parallel, or on the system."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import re
import typing as t

from ..client import features, models
from ..client.client import Client
from ..client.errors import ApiError, ConnectionFailed, DrpError, NotFound, UsageError, did_you_mean
from ..client.objects import actions
from ..converge.guard import Guard, Target, describe_targets
from ..converge.progress import CountProgress, results_of
from ..converge.task import Result, Task, failure
from ..converge.workers import WORKERS, workers_of
from .selection import is_single, selected_objects

Object = dict[str, t.Any]

_READ_ONLY_COMMAND = re.compile(r"(get|list|show|read)([-_A-Z].*)?|info|.*status\w?")
_DESTRUCTIVE_COMMAND = re.compile(
    "power(?!on|status)|reset|reboot|restart|cycle|shutdown|halt|suspend|erase|wipe|clear|clean|delete|destroy"
    "|remove|purge|format|flash|scrub|sanitize|install|image|kexec|terminate",
    re.IGNORECASE,
)
"""Words in a command that make it require a limit on the number of machines."""
_MISSING_PARAM = re.compile(r"Action .* Missing Parameter (\S+)")
"""One message for each param that neither the request nor the object has."""
_MAX_LISTED = 5


def run(task: Task) -> Result:
    """What ``drp_action`` does."""
    call = ActionCall(task)
    if call.kind == actions.SYSTEM:
        return call.run_single({})
    items = selected_objects(task.client, call.kind, task.options)
    targets = [Target.of(call.kind, item) for item in items]
    if call.destroys:
        call.guard.enforce(call.command, targets, task.check, limit_required=True)
    elif task.options.get("max_targets") is not None or task.options.get("confirm"):
        unlocked = [dataclasses.replace(target, locked=False) for target in targets]
        call.guard.enforce(call.command, unlocked, task.check, limit_required=False)
    if is_single(task.options):
        return call.run_single(items[0])
    return {**call.run_many(items), "targets": describe_targets(call.command, targets)}


def run_info(task: Task) -> Result:
    """What ``drp_action_info`` does."""
    client, kind = task.client, _kind(task)
    plugin = task.options.get("plugin") or ""
    if kind == actions.SYSTEM:
        return {"changed": False, "actions": actions.available(client, kind, plugin=plugin)}
    items = selected_objects(client, kind, task.options)
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        keys = [models.require_key(kind, item) for item in items]
        offered = list(pool.map(lambda key: actions.available(client, kind, key, plugin), keys))
    if is_single(task.options):
        return {"changed": False, "actions": offered[0]}
    results = [
        {"name": models.label_of(kind, item), "key": models.key_of(kind, item), "actions": found}
        for item, found in zip(items, offered)
    ]
    return {"changed": False, "results": results}


class ActionCall:
    """One command with its params, for any number of objects."""

    def __init__(self, task: Task) -> None:
        options = task.options
        self.client: Client = task.client
        self.check = task.check
        self.on_progress = task.on_progress
        self.kind = _kind(task)
        self.command: str = options["command"]
        self.params: dict[str, t.Any] = options.get("params") or {}
        self.plugin: str = options.get("plugin") or ""
        self.guard = Guard.from_options(options)
        self.workers = workers_of(options)
        if not self.command or "/" in self.command:
            raise UsageError(f"command: {self.command!r} cannot be the name of an action")

    @property
    def destroys(self) -> bool:
        return bool(_DESTRUCTIVE_COMMAND.search(self.command)) and not self.is_read_only

    @property
    def is_read_only(self) -> bool:
        return bool(_READ_ONLY_COMMAND.fullmatch(self.command))

    @property
    def is_of_server(self) -> bool:
        return actions.is_of_server(self.kind, self.command, self.plugin)

    def run_single(self, item: Object) -> Result:
        try:
            return self._run_or_check(item)
        except DrpError as error:
            return failure(error)

    def run_many(self, items: t.Sequence[Object]) -> Result:
        """One result each, in the order of ``items``; a failure does not stop the others."""
        progress = CountProgress(self.on_progress, len(items))

        def run_one(item: Object) -> Result:
            with progress.at_work(models.label_of(self.kind, item)):
                return self.run_single(item)

        with concurrent.futures.ThreadPoolExecutor(self.workers) as pool:
            done = results_of([pool.submit(run_one, item) for item in items], progress.tick)
        results = [
            {"name": models.label_of(self.kind, item), "key": models.key_of(self.kind, item), **one}
            for item, one in zip(items, done)
        ]
        result: Result = {"changed": any(one["changed"] for one in done), "results": results}
        failed = [entry for entry in results if entry.get("failed")]
        if failed:
            messages = "; ".join(f"{entry['name']}: {entry['msg']}" for entry in failed[:_MAX_LISTED])
            more = f"; and {len(failed) - _MAX_LISTED} more, see results" if len(failed) > _MAX_LISTED else ""
            result.update(
                failed=True, msg=f"{self.command}: {len(failed)} of {len(items)} failed: {messages}{more}"
            )
        return result

    def _run_or_check(self, item: Object) -> Result:
        """Run it; in check mode, check whether it could run."""
        key = models.require_key(self.kind, item) if item else ""
        if self.is_of_server:
            self.client.require_feature(features.V4, self.command)
            actions.OF_SERVER[self.kind, self.command].check(self.command, self.params)
            if item.get("Acknowledged") and self.command == "acknowledge":
                return {"changed": False, "result": item}
        try:
            if self.check and self.is_of_server:
                return {"changed": True}
            if self.check:
                self._require_action(key)
                return {"changed": not self.is_read_only}
            answer = actions.run(self.client, self.kind, key, self.command, self.params, self.plugin)
        except ConnectionFailed as error:
            if self.check:
                raise
            raise ConnectionFailed(
                f"{self._label(item)}: it is unknown whether {self.command} was run, because the server did "
                f"not answer: {'; '.join(error.messages)}"
            ) from error
        except ApiError as error:
            raise self._explain_error(item, key, error) from error
        return {"changed": not self.is_read_only, "result": answer}

    def _require_action(self, key: str) -> None:
        """Raise unless the command can run; what lacks a param that this task would give can run, too."""
        try:
            actions.describe(self.client, self.kind, key, self.command, self.plugin)
        except NotFound:
            if self.command not in self._offered_by_providers():
                raise
        except ApiError as error:
            missing = [_MISSING_PARAM.fullmatch(message) for message in error.messages]
            if not missing or not all(found and found[1] in self.params for found in missing):
                raise

    def _offered_by_providers(self) -> set[str]:
        """Commands for this kind, whether or not an object has what they need."""
        model = "" if self.kind == actions.SYSTEM else self.kind
        plugins = self.client.list("plugins")
        running = {one.get("Provider") for one in plugins if self.plugin in ("", one.get("Name"))}
        return {
            str(action.get("Command"))
            for provider in self.client.list("plugin_providers")
            if provider.get("Name") in running
            for action in provider.get("AvailableActions") or []
            if action.get("Model") == model
        }

    def _explain_error(self, item: Object, key: str, error: ApiError) -> DrpError:
        """The server's error; for an unknown command, with the known ones."""
        if error.code not in (400, 404) or not any("not found" in text.lower() for text in error.messages):
            return error
        try:
            if self.command in self._offered_by_providers():
                return error  # the plugin itself does not find something
            offered = actions.available(self.client, self.kind, key, self.plugin)
        except DrpError:
            return error
        names = sorted({str(action.get("Command")) for action in offered})
        hint = did_you_mean(self.command, names)
        by = f" by the plugin {self.plugin}" if self.plugin else ""
        none = (
            "There is no such plugin, or it provides none now"
            if self.plugin
            else "No plugin provides any now"
        )
        available = f"Available: {', '.join(names)}" if names else none
        return UsageError(f"{self._label(item)}: there is no action {self.command}{by}.{hint} {available}")

    def _label(self, item: Object) -> str:
        if not item:
            return actions.SYSTEM
        return f"{models.get(self.kind).singular} {models.label_of(self.kind, item)}"


def _kind(task: Task) -> str:
    kind: str = task.options["kind"]
    if kind != actions.SYSTEM:
        return task.client.require_kind(kind).prefix
    given = [name for name in ("name", "id", "objects", "filters") if task.options.get(name) is not None]
    if given:
        raise UsageError(f"{given[0]}: cannot be combined with kind: system, whose actions take no object")
    return kind
