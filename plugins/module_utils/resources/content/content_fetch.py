# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""A content pack of the server as a folder or a file, to be read, kept under version control, and edited."""

from __future__ import annotations

import os
import typing as t

from ...client.errors import NotFound, UsageError
from ...client.files.staging import Staging, replace_file
from ...client.packs import contents
from ...client.packs.bundle import bundle
from ...client.packs.diff import PackDiff, compare, item_changes
from ...client.packs.forms import normalized_item, without_defaults
from ...client.packs.pack import Object, Pack, counts
from ...client.packs.pack_file import encode, format_of_file, read_pack
from ...client.packs.unbundle import plan, require_pack_folder
from ...converge.task import Result, Task
from .show import View, outline


def run(task: Task) -> Result:
    """What ``drp_content_fetch`` does."""
    name, dest = task.options["name"], task.options["dest"]
    above = os.path.dirname(os.path.abspath(dest))
    if not os.path.isdir(above):
        raise UsageError(f"dest: {above} is not a folder")
    try:
        pack = without_defaults(contents.get_item(task.client, name))
    except NotFound as error:
        raise UsageError(f"name: there is no content pack {name} on the server") from error
    form = None if os.path.isdir(dest) else format_of_file(dest)
    existing = _existing_pack(dest, form is not None)
    if existing and existing["meta"]["Name"] != name and not task.options["force"]:
        raise UsageError(
            f"dest: {dest} holds the content pack {existing['meta']['Name']}; set force: true to replace it"
        )
    diff = compare(existing or {"meta": {}, "sections": {}}, pack)
    if existing and not diff:
        return _result(task, existing, pack, diff, [], [])
    if form is not None:
        if not task.check:
            replace_file(dest, encode(pack, form))
        return _result(task, existing, pack, diff, [os.path.basename(dest)], [])
    staging = _plan(task, pack, dest)
    if not task.check:
        staging.commit()
    return _result(task, existing, pack, diff, sorted(staging.writes), staging.removals)


def _existing_pack(dest: str, is_file: bool) -> Pack | None:
    """The pack that is at ``dest`` already; UsageError when it is something else, which would be lost."""
    if is_file:
        return read_pack(dest) if os.path.lexists(dest) else None
    require_pack_folder(dest)
    return bundle(dest) if os.path.isdir(dest) and os.listdir(dest) else None


def _plan(task: Task, pack: Pack, dest: str) -> Staging:
    """An object whose file says the same in other words keeps that file."""

    def same(section: str, one: Object, two: Object) -> bool:
        return not any(item_changes(section, normalized_item(section, one), normalized_item(section, two)))

    return plan(pack, dest, task.options["format"], same, task.options["layout"])


def _result(
    task: Task,
    existing: Pack | None,
    pack: Pack,
    diff: PackDiff,
    written: t.Sequence[str],
    removed: t.Sequence[str],
) -> Result:
    changed = bool(written or removed)
    dest = task.options["dest"]
    before, after = outline(existing), outline(pack)
    if existing is not None:
        before, after = View(task.client, (existing, pack)).sides(diff) if changed else ({}, {})
    return {
        "changed": changed,
        "action": "unchanged" if not changed else "updated" if existing else "created",
        "name": task.options["name"],
        "dest": dest,
        "version": pack["meta"].get("Version") or "",
        "counts": counts(pack),
        "written": list(written),
        "removed": list(removed),
        "diff": {"before": before, "after": after, "before_header": dest, "after_header": dest},
    }
