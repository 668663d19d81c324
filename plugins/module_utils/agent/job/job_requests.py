# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The requests of a job's life, each of them done once even when its reply is lost."""

from __future__ import annotations

import re
import typing as t

from ...client.client import Client, Object
from ...client.errors import ApiError, Conflict, NotFound, UnreadableAnswer
from ...client.patch import Patch
from ..served import TaskOwner

_UUID = re.compile("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
OPEN = ("created", "running")
ENDED = ("finished", "failed")


def next_job(client: Client, owner: TaskOwner, job: str, context: str = "") -> Object | None:
    """What the server wants done: a new job with our UUID ``job``, or one to resume; None for nothing.

    Raises Conflict when the owner is not runnable or has an open job, ApiError 500 when the server ran a
    plugin action that failed.
    """
    wanted = {**owner.job_members, "Uuid": job, **({"Context": context} if context else {})}
    try:
        response = client.request_job(wanted)
    except ApiError as error:
        # a v3.12 server answers 500 to a UUID that it has already
        if error.attempts < 2 or error.code != 500:
            raise
        response = client.find("jobs", job)
        if response is None:
            raise
    if not response or not response.get("State"):
        return None
    if not _UUID.fullmatch(str(response.get("Uuid"))):
        told = str(response.get("Uuid"))[:80]
        raise UnreadableAnswer(f"the server made a job whose Uuid is {told!r}", type="POST", code=200)
    return response


def start(client: Client, job: Object) -> Object:
    """The job is running now.  Conflict when it is no longer as it was received."""
    return _once(client, job, str(job["State"]), {"State": "running"})


def end(client: Client, job: Object, state: str, exit_state: str) -> Object:
    """End the job. Conflict when another client has ended it."""
    return _once(client, job, "running", {"State": state, "ExitState": exit_state})


def finish_without_running(client: Client, job: Object, failed: bool) -> Object:
    """End a job that has nothing to run."""
    state, exit_state = ("failed", "failed") if failed else ("finished", "complete")
    return _once(client, job, str(job["State"]), {"State": state, "ExitState": exit_state})


def fail(client: Client, job: Object) -> Object:
    """Fail a job that no agent runs any more."""
    return _once(client, job, str(job["State"]), {"State": "failed"})


def make_not_runnable(client: Client, owner: TaskOwner) -> None:
    """Make the owner of a job not runnable. Conflict when it already is."""
    owner.patch(client, [_op("test", "/Runnable", True), _op("replace", "/Runnable", False)])


def make_runnable(client: Client, owner: TaskOwner) -> Object:
    """Make the owner of a job runnable; its new state."""
    return owner.patch(client, [_op("replace", "/Runnable", True)])


def change_stage(client: Client, served: TaskOwner, machine: Object, stage: str) -> Object:
    """Move what is served, last seen as ``machine``; its new state.  Conflict when it has left its stage."""
    operations = [_op("test", "/Stage", machine["Stage"]), _op("replace", "/Stage", stage)]
    try:
        return served.patch(client, operations)
    except Conflict as error:
        if error.attempts < 2:
            raise
        now = served.read(client)
        if now.get("Stage") != stage:
            raise
        return now


def find_job(client: Client, job: str) -> Object | None:
    """A job, or None when there is none of that UUID (or the UUID is that of no job at all)."""
    if not job.strip("0-"):
        return None
    try:
        return client.get("jobs", job)
    except NotFound:
        return None


def _once(client: Client, job: Object, before: str, changes: t.Mapping[str, str]) -> Object:
    """Patch a job; a refusal because an earlier try has arrived after all is no refusal."""
    operations: Patch = [_op("test", "/State", before)]
    operations += [_op("replace", f"/{name}", value) for name, value in changes.items()]
    try:
        return client.patch("jobs", str(job["Uuid"]), operations)
    except Conflict:
        now = find_job(client, str(job["Uuid"]))
        if now is None or any(now.get(name) != value for name, value in changes.items()):
            raise
        return now


def _op(verb: str, path: str, value: t.Any) -> dict[str, t.Any]:
    return {"op": verb, "path": path, "from": "", "value": value}
