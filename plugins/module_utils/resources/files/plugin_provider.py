# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Plugin providers: the programs from which plugins are made, uploaded and removed."""

from __future__ import annotations

import hashlib
import typing as t

from ...client.client import Client
from ...client.errors import DrpError, NotFound, UsageError
from ...client.files import local
from ...converge.task import Result, Task
from .blob import LocalContent, checked_local

KIND = "plugin_providers"
Object = dict[str, t.Any]


def run(task: Task) -> Result:
    """What ``drp_plugin_provider`` does."""
    name: str = task.options["name"]
    if not name or "/" in name:
        raise UsageError(f"name: {name!r} cannot be the name of a plugin provider")
    there = task.client.find(KIND, name)
    if task.options["state"] == "absent":
        return _absent(task, name, there)
    wanted = checked_local(task.options["src"])
    if there is not None and _is_same(task, name, there, wanted):
        return _result("unchanged", there, {}, {})
    after = {"sha256": wanted.sha256, "size": wanted.size}
    uploaded = there if task.check else _upload(task.client, name, wanted)
    return _result("updated" if there else "created", uploaded or {}, _side(there), after)


def _is_same(task: Task, name: str, there: Object, wanted: LocalContent) -> bool:
    """Whether the server has this program: by the version that the task expects, or by its bytes."""
    version = task.options.get("version")
    if version is not None:
        return bool(there.get("Version") == version)
    sink = _Sink()
    try:
        task.client.req().get().url_for(KIND, name, "binary").do_into(t.cast("t.BinaryIO", sink))
    except NotFound:
        return False  # an older server does not hand it out: only an upload makes sure
    return sink.digest.hexdigest() == wanted.sha256


class _Sink:
    """Takes bytes for their checksum."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def write(self, chunk: bytes) -> int:
        self.digest.update(chunk)
        return len(chunk)


def _upload(client: Client, name: str, wanted: LocalContent) -> Object:
    with local.open_local(wanted.name, wanted.decrypt) as file:
        try:
            client.req().post(file).url_for(KIND, name).fail_fast().do()
        except DrpError as error:
            error.changed = True  # whether it has arrived is unknown
            raise
    return client.get(KIND, name)


def _absent(task: Task, name: str, there: Object | None) -> Result:
    if there is None:
        return _result("unchanged", None, {}, {})
    if not task.check:
        task.client.delete(KIND, name)
    return _result("deleted", None, _side(there), {})


def _side(there: Object | None) -> Object:
    return {"Name": there.get("Name"), "Version": there.get("Version")} if there else {}


def _result(action: str, provider: Object | None, before: Object, after: Object) -> Result:
    result: Result = {
        "changed": action != "unchanged",
        "action": action,
        "diff": {"before": before, "after": after},
    }
    return result if provider is None else {**result, "plugin_provider": provider}
