# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The procedure behind POST /jobs: what a machine has to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import objects
from .actions import ActionFailed
from .errors import ApiError, Crash
from .gotmpl.values import to_json
from .rules.jobs import ENDED, save_not_current
from .store import Row
from .wire import ZERO_TIME, ZERO_UUID, Obj, new_uuid, now

if TYPE_CHECKING:
    from .server import Server

_MAP = "change-stage/map"
Outcome = tuple[int, Row | None]


def next_job(server: Server, machine: Row, asked: Obj, principal: str) -> Outcome:
    """Status and job of the answer to POST /jobs."""
    if asked.get("Context", "") != machine.data.get("Context", ""):
        return 204, None
    if not (machine.data["Runnable"] and machine.data["Available"]):
        raise ApiError(409, "Conflict", f"Machine {machine.key} is not runnable")
    return _Walk(server, machine, asked, principal).go()


class _Walk:
    """One run through the task list of a machine."""

    def __init__(self, server: Server, machine: Row, asked: Obj, principal: str) -> None:
        self._server = server
        self._machine = machine
        self._asked = asked
        self._principal = principal
        self._job = server.store.get("jobs", machine.data["CurrentJob"])
        # what the machine becomes; stored at the end
        self._new = machine.copy()

    def go(self) -> Outcome:
        tasks, position = self._machine.data["Tasks"], self._machine.data["CurrentTask"]
        if position >= len(tasks):
            return 204, None
        index = self._next_index(position)
        if index is None:
            return 202, self._job
        index = max(index, 0)
        if index >= len(tasks):
            return self._finish_list()
        return self._walk(tasks, index)

    def _next_index(self, position: int) -> int | None:
        """The entry to look at; None when the current job is to be resumed."""
        job = self._job
        state = job.data["State"] if job else "failed"
        if job and job.data["CurrentIndex"] != position and state not in ENDED:
            self._job = self._end_job(job, "failed", "failed")
            return position
        if state == "incomplete":
            return None
        if state == "finished":
            return position + 1
        if state == "failed":
            return position
        raise ApiError(409, "Conflict", f"Machine {self._machine.key} already has running or created job")

    def _walk(self, tasks: list[str], index: int) -> Outcome:
        while index < len(tasks) and ":" in tasks[index]:
            kind, _, name = tasks[index].partition(":")
            if kind == "action":
                return self._action(index, name)
            if not self._enter(kind, name):
                index += 1
                continue
            index = self._gathered(tasks, index)
            self._add_job(tasks[index], index, state="finished", exit_state="complete")
            self._log(f"Server handled {tasks[index]}")
            break
        if index >= len(tasks):
            return self._finish_list()
        self._new["CurrentTask"] = index
        if self._moved():
            self._save_machine()
            return 204, None
        job = self._add_job(tasks[index], index, uuid=self._asked["Uuid"])
        self._save_machine()
        return 201, job

    def _enter(self, kind: str, name: str) -> bool:
        """Apply a ``stage:`` or ``bootenv:`` entry; False when the machine is there already."""
        if kind == "stage":
            if self._new["Stage"] == name:
                return False
            stage = self._server.store.data("stages", name)
            if not stage:
                raise ApiError(422, "ValidationError", f"Stage {name} does not exist")
            self._new["Stage"] = name
            self._new["BootEnv"] = stage["BootEnv"] or self._new["BootEnv"]
        elif kind == "context":
            if self._new["Context"] == name:
                return False
            self._new["Context"] = name
        elif kind == "bootenv":
            if self._new["BootEnv"] == name:
                return False
            self._new["BootEnv"] = name
        return True

    def _gathered(self, tasks: list[str], index: int) -> int:
        """The last of the entries from ``index`` on that are done together; those behind it are entered."""
        while self._server.server_profile.gathers_entries and index + 1 < len(tasks):
            kind, colon, name = tasks[index + 1].partition(":")
            if not colon or kind not in ("stage", "bootenv", "context"):
                break
            self._enter(kind, name)
            index += 1
        return index

    def _moved(self) -> bool:
        old, new = self._machine.data, self._new
        if new["Stage"] != old["Stage"]:
            new["Params"][_MAP] = {old["Stage"]: new["Stage"]}
        return any(new.get(name) != old.get(name) for name in ("Stage", "BootEnv", "Context"))

    def _finish_list(self) -> Outcome:
        self._new["CurrentTask"] = len(self._new["Tasks"])
        self._save_machine()
        return 204, None

    def _action(self, index: int, name: str) -> Outcome:
        """Run a plugin action as part of this request."""
        plugin, _, command = name.rpartition(":")
        job = self._add_job(f"action:{name}", index, state="running", uuid=self._asked["Uuid"])
        self._new["CurrentTask"] = index
        machine = self._save_machine()
        plugins = self._server.plugins
        try:
            call = plugins.prepare(self._machine.model.prefix, machine, machine.key, command, {}, plugin)
        except ApiError as problem:
            self._log(f"Action {name} validation failed: {'; '.join(problem.messages)}")
            self._end_job(job, "failed", "")
            self._stop_machine()
            return 204, None
        try:
            result = plugins.run(call, machine)
        except ActionFailed as problem:
            self._log(f"Action {name} failed: {problem}")
            self._end_job(job, "failed", "failed")
            self._stop_machine()
            raise ApiError(500, "API_ERROR", str(problem)) from None
        plugins.publish(self._machine.model.prefix, machine.key, call, self._principal)
        self._log(to_json(result, indent=2))
        return 202, self._end_job(job, "finished", "complete")

    def _stop_machine(self) -> None:
        machine = self._server.store[self._machine.model.prefix].rows[self._machine.key]
        objects.update(
            self._server, machine, {**machine.copy(), "Runnable": False}, self._principal, internal=True
        )

    def _save_machine(self) -> Row:
        return objects.update(self._server, self._machine, self._new, self._principal, internal=True)

    def _end_job(self, job: Row, state: str, exit_state: str) -> Row:
        ended = {**job.copy(), "State": state, "ExitState": exit_state}
        return objects.update(self._server, job, ended, self._principal, internal=True)

    def _add_job(
        self, task: str, index: int, *, state: str = "created", exit_state: str = "", uuid: str = ""
    ) -> Row:
        """Make the job and let it be the machine's current one."""
        if uuid and self._server.store.get("jobs", uuid):
            raise Crash("the supplied job Uuid exists already")
        previous = self._job
        if previous:
            save_not_current(self._server, previous, self._principal)
        begin = now()
        job = self._server.store["jobs"].model.struct.zero() | {
            "Uuid": uuid or new_uuid(),
            "Previous": previous.key if previous else self._machine.data["CurrentJob"] or ZERO_UUID,
            "Machine": self._machine.key,
            "Task": task,
            **{name: self._new[name] for name in ("Stage", "BootEnv", "Workflow")},
            "State": state,
            "ExitState": exit_state,
            "StartTime": begin,
            "EndTime": begin if state == "finished" else ZERO_TIME,
            "Current": True,
            "CurrentIndex": index,
            "NextIndex": index + 1,
            **self._of_v4(task),
        }
        self._job = objects.create(
            self._server, self._server.store["jobs"].model, job, self._principal, internal=True
        )
        self._new["CurrentJob"] = self._job.key
        self._server.job_logs[self._job.key] = bytearray(f"Log for Job: {self._job.key}\n".encode())
        return self._job

    def _of_v4(self, task: str) -> Obj:
        """Members that a job of v4 takes over from its machine and its task."""
        if "Context" not in self._new:
            return {}
        claims = (self._server.store.data("tasks", task) or {}).get("ExtraClaims")
        return {"Context": self._machine.data["Context"], **({"ExtraClaims": claims} if claims else {})}

    def _log(self, line: str) -> None:
        if self._job:
            self._server.job_logs[self._job.key] += f"{line}\n".encode()
