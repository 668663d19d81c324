# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a server is and what it holds, read and shown without its secrets."""

from __future__ import annotations

import functools
import typing as t

from ..client import features, models
from ..client.client import Client
from ..client.errors import UsageError
from ..client.objects import claims
from ..converge.show import masked
from ..converge.task import Options, Result, Task
from .listing import Query, count, select
from .lookup import hidden_names, resolve

Object = dict[str, t.Any]

_NEVER_EMPTY = ("bootenvs", "profiles", "stages", "users")
"""Kinds of which every server has some: an empty list of them means that the claim to list is missing."""
_SLIMMABLE = ("Meta", "Params")


def run(task: Task) -> Result:
    """What ``drp_info`` does.  The code of a rare ``gather`` is loaded when it is asked for."""
    options = task.options
    parts = options["gather"] or (["objects"] if options.get("kind") else ["server"])
    kind = _kind(task.client, options, parts)
    result: Result = {"changed": False}
    for part in dict.fromkeys(parts):
        result.update(_GATHERERS[part](task.client, kind, options))
    return result


def _kind(client: Client, options: Options, parts: t.Sequence[str]) -> str:
    """The kind that is asked about, "" for none; UsageError for one that there is not."""
    if options.get("kind"):
        return client.require_kind(options["kind"]).prefix
    needing = [part for part in parts if part in ("objects", "count")]
    if needing:
        raise UsageError(f"kind: is required to gather {' and '.join(needing)}")
    return ""


def _server(client: Client, kind: str, options: Options) -> Result:
    del kind, options
    # not from the login: that was asked when the session began
    return {"server": client.req().get().url_for("info").do_object()}


def _indexes(client: Client, kind: str, options: Options) -> Result:
    del options
    return {"indexes": {kind: client.indexes(kind)} if kind else client.all_indexes()}


def _prefs(client: Client, kind: str, options: Options) -> Result:
    from . import prefs

    del kind, options
    return {"prefs": prefs.visible(prefs.read(client))}


def _logs(client: Client, kind: str, options: Options) -> Result:
    del kind
    lines = client.logs()
    limit = options["log_lines"]
    return {"logs": lines[-limit:] if limit > 0 else lines}


def _files(client: Client, kind: str, options: Options) -> Result:
    from .blob_list import described

    del kind
    folder = options.get("folder") or ""
    return {"files": described(client, "files", folder, options["recurse"], options["checksum"])}


def _isos(client: Client, kind: str, options: Options) -> Result:
    from .blob_list import described

    del kind
    return {"isos": described(client, "isos", "", False, options["checksum"])}


def _asked(client: Client, kind: str, options: Options, part: str) -> Result:
    from .runner import asking

    return asking.PARTS[part](client, kind, options)


def _count(client: Client, kind: str, options: Options) -> Result:
    return {"count": count(client, kind, options.get("filters") or {})}


def _objects(client: Client, kind: str, options: Options) -> Result:
    fields = _member_names(client, kind, options.get("fields") or ())
    slim = _member_names(client, kind, options.get("slim") or ())
    if fields:
        slim = list(dict.fromkeys([*slim, *(name for name in _SLIMMABLE if name not in fields)]))
    one = options.get("id") or options.get("name")
    named = options.get("objects") or ([one] if one else [])
    result = _named(client, kind, named) if named else _matching(client, kind, options, slim)
    warnings = _unknown_member_warnings(kind, fields, result["objects"])
    if warnings:
        result["warnings"] = [*result.get("warnings", []), *warnings]
    params = options.get("params")
    result["objects"] = [
        _selected_members(kind, _with_params(item, params), fields, slim) for item in result["objects"]
    ]
    return result


def _named(client: Client, kind: str, named: t.Sequence[str]) -> Result:
    """The objects that are called so; missing ones are reported and are not an error."""
    found = resolve(client, kind, named)
    missing = [text for text, item in found.items() if item is None]
    # by its key, or by how it was asked for where it has none
    there = {models.key_of(kind, item) or text: item for text, item in found.items() if item is not None}
    result: Result = {"objects": list(there.values()), "missing": missing}
    concealed = hidden_names(client, kind, missing)
    if concealed:
        result["warnings"] = [claims.hidden_message(kind, concealed)]
    return result


def _matching(client: Client, kind: str, options: Options, slim: t.Sequence[str]) -> Result:
    query = Query(
        options.get("filters") or {},
        sort=options.get("sort") or (),
        reverse=options["reverse"],
        limit=options.get("limit"),
        offset=options.get("offset"),
        slim=[name for name in slim if name in _SLIMMABLE],
        params=options.get("params") or (),
    )
    result: Result = {"objects": select(client, kind, query)}
    everything = not (query.where or query.offset) and query.limit != 0
    if kind in _NEVER_EMPTY and everything and not result["objects"]:
        result["warnings"] = [
            f"the server lists no {kind}, although every server has some: these credentials lack the claim "
            f"{kind} list"
        ]
    return result


def _with_params(item: Object, names: t.Sequence[str] | None) -> Object:
    """The object with no other params than these."""
    if names is None or not isinstance(item.get("Params"), dict):
        return item
    return {**item, "Params": {name: item["Params"][name] for name in names if name in item["Params"]}}


def _selected_members(kind: str, item: Object, fields: t.Sequence[str], slim: t.Sequence[str]) -> Object:
    """What is wanted of an object, without its secrets."""
    seen = {name: {} if name in slim else value for name, value in masked(kind, item).items()}
    return {name: seen[name] for name in fields if name in seen} if fields else seen


def _member_names(client: Client, kind: str, names: t.Iterable[str]) -> list[str]:
    """Names of members in the model's spelling.

    UsageError for one that the kind does not have, unless the server may be newer than the table of kinds.
    """
    model = models.get(kind)
    if not model.fields:
        return list(names)
    normalized = {name: model.spelling(name) for name in names}
    unknown = [name for name, proper in normalized.items() if proper is None]
    if unknown and client.has_feature(features.V4.flag):
        return [proper or name for name, proper in normalized.items()]
    if unknown:
        raise UsageError(
            f"fields: {kind} have no member {', '.join(unknown)}. Known: {', '.join(sorted(model.fields))}"
        )
    return [proper for proper in normalized.values() if proper]


def _unknown_member_warnings(kind: str, fields: t.Sequence[str], items: t.Sequence[Object]) -> list[str]:
    """A warning about names that are neither in the table of kinds nor in any of the objects."""
    known = models.get(kind).fields
    missing = [name for name in fields if known and name not in known]
    missing = [name for name in missing if not any(name in item for item in items)] if items else []
    return [f"fields: this server sends no member {', '.join(missing)} of {kind}"] if missing else []


_GATHERERS: t.Mapping[str, t.Callable[[Client, str, Options], Result]] = {
    "server": _server,
    "objects": _objects,
    "count": _count,
    "indexes": _indexes,
    "prefs": _prefs,
    "logs": _logs,
    "files": _files,
    "isos": _isos,
    **{part: functools.partial(_asked, part=part) for part in ("render", "connections", "whoami", "upgrade")},
}
