# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Jobs, the newest first, and what the first of them said and was to do."""

from __future__ import annotations

import contextlib
import uuid

from ..client.client import Client
from ..client.errors import UsageError
from ..client.objects import jobs
from ..converge.show import masked
from ..converge.task import Options, Result, Task
from .listing import Object, Query, select
from .log_file import write_log
from .lookup import find_one, lookup_key


def run(task: Task) -> Result:
    """What ``drp_job_info`` does."""
    options, client = task.options, task.client
    found = _find(client, options)
    result: Result = {"changed": False, "jobs": [masked("jobs", job) for job in found]}
    if not found:
        if options.get("dest"):
            raise UsageError("dest: no job was found whose log could be written")
        return result
    result["job"] = result["jobs"][0]
    key = found[0]["Uuid"]
    if options["log_lines"] > 0:
        result["log"] = jobs.job_log_tail(client, key, options["log_lines"])
    if options["actions"]:
        result["actions"] = jobs.job_actions(client, key, options.get("os") or "")
    if options.get("dest"):
        result["changed"], result["dest"] = write_log(client, key, options["dest"], task.check)
    return result


def _find(client: Client, options: Options) -> list[Object]:
    if options.get("id"):
        return [find_one(client, "jobs", options["id"])]
    where = dict(options.get("filters") or {})
    if options.get("machine"):
        where["Machine"] = _machine(client, options["machine"])
    newest_first = Query(where, sort=["StartTime"], reverse=True, limit=options["count"] or None)
    return select(client, "jobs", newest_first)


def _machine(client: Client, text: str) -> str:
    """The UUID of a machine; of a UUID itself nothing is asked, for jobs outlive their machines."""
    key = lookup_key("machines", text)
    with contextlib.suppress(ValueError):
        return str(uuid.UUID(key))
    return str(find_one(client, "machines", text)["Uuid"])
