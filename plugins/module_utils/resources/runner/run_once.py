# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What runs once, as a task wants it: created unless it is there, waited for, cancelled, deleted."""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

from ...client import models
from ...client.errors import UsageError
from ...converge.merge import agrees
from ...converge.resource import Object, Resource
from ...converge.results import converge_one
from ...converge.show import masked
from ...converge.task import Options, Result, Task
from ..waiting import waiting
from . import run_states


@dataclasses.dataclass
class RunOnce:
    """One work order or batch, as the options of a task describe it."""

    task: Task
    kind: str
    key: str
    """The UUID that the options give, or ""."""
    spec: Object
    identity: t.ClassVar[tuple[str, ...]] = ()
    """Members by which a run of the same UUID is another one."""
    selecting: t.ClassVar[str] = ""
    """What selects runs to cancel beside ``uuid``, in words."""

    # -- what differs between the kinds

    def require_complete(self) -> None:
        """UsageError for what is missing in a new run."""
        raise NotImplementedError

    def active(self) -> list[Object] | None:
        """Those of the server that are alike and have not ended; None when nothing selects any."""
        raise NotImplementedError

    def cancel(self, item: Object) -> Object:
        return run_states.cancel(self.task.client, self.kind, item)

    @property
    def warnings(self) -> list[str]:
        return []

    # -- what does not

    @property
    def name(self) -> str:
        """The name of the object in results."""
        return models.get(self.kind).singular

    @property
    def label(self) -> str:
        return self.name.replace("_", " ")

    def run(self) -> Result:
        """Bring it into the state that the options name, and wait for its end if they say so."""
        task, state = self.task, self.task.options["state"]
        if state == "cancelled":
            return self._cancelled()
        if state == "absent":
            return self._absent()
        result = self._restarted() if state == "restarted" else self._present()
        if result.get("failed"):
            return result
        waited = waiting.wait_after_change(task, [(self.kind, result[self.name])], single=True)
        if waited.get("object"):
            result[self.name] = waited["object"]
        return waiting.merge_wait_result(result, waited)

    def _present(self) -> Result:
        there = self._already_there()
        if there is not None:
            shown = masked(self.kind, there)
            return {
                "changed": False,
                "action": "unchanged",
                self.name: shown,
                "diff": {"before": {}, "after": {}},
            }
        self.require_complete()
        key = self.key or str(uuid.uuid4())
        result = converge_one(self.task, Resource(self.kind, {"Uuid": key, **self.spec}), self.name)
        if self.warnings:
            result["warnings"] = [*result.get("warnings", []), *self.warnings]
        return result

    def _already_there(self) -> Object | None:
        """The run that makes another one needless."""
        if self.key:
            there = self.task.client.find(self.kind, self.key)
            for name in self.identity if there else ():
                if self.spec.get(name) and there and not agrees(there.get(name), self.spec[name]):
                    raise UsageError(f"uuid: {self._difference(name, there)}")
            return there
        if self.task.options["reuse"] != "active":
            return None
        return max(self.active() or [], key=_begun, default=None)

    def _difference(self, name: str, there: Object) -> str:
        known, wanted = there.get(name), self.spec[name]
        what = f"another {name}" if isinstance(wanted, dict) else f"the {name} {known!r}, not {wanted!r}"
        return f"{self.label} {self.key} exists with {what}; use another UUID for another {self.label}"

    def _cancelled(self) -> Result:
        """Cancel one run, or all that are alike and have not ended."""
        if self.key:
            there = self._found()
            active = [there] if run_states.is_active(self.kind, there) else []
        else:
            selected = self.active()
            if selected is None:
                raise UsageError(f"state: cancelled requires uuid, {self.selecting}")
            active = selected
        cancelled = [item if self.task.check else self.cancel(item) for item in active]
        states = {item["Uuid"]: item["State"] for item in active}
        return {
            "changed": bool(active),
            "action": "cancelled" if active else "unchanged",
            "cancelled": [item["Uuid"] for item in cancelled],
            "diff": {"before": states, "after": dict.fromkeys(states, "cancelled")},
        }

    def _absent(self) -> Result:
        """Delete one run; the server keeps one that has not ended, so ``force`` cancels it first."""
        if not self.key:
            raise UsageError("state: absent requires uuid; drp_object deletes several, selected by filters")
        there = self.task.client.find(self.kind, self.key)
        if there is not None and run_states.is_active(self.kind, there):
            if not self.task.options["force"]:
                raise UsageError(
                    f"{self.label} {self.key} is {there['State']}, and the server deletes only those that "
                    "have ended. Cancel it first with state: cancelled, or set force: true"
                )
            if not self.task.check:
                self.cancel(there)
        return converge_one(self.task, Resource(self.kind, {"Uuid": self.key}, state="absent"), self.name)

    def _restarted(self) -> Result:
        """Have the server run one that has ended once more."""
        if not self.key:
            raise UsageError("state: restarted requires uuid")
        before = self._found()
        if self.task.check:
            after = {**before, "State": "created"}
        else:
            after = run_states.restart(self.task.client, self.kind, self.key)
        sides = [{"State": item.get("State")} for item in (before, after)]
        diff = {"before": sides[0], "after": sides[1]}
        return {"changed": True, "action": "restarted", self.name: masked(self.kind, after), "diff": diff}

    def _found(self) -> Object:
        there = self.task.client.find(self.kind, self.key)
        if there is None:
            raise UsageError(f"uuid: no such {self.label}: {self.key}")
        return there


def key_of(options: Options) -> str:
    """The option ``uuid`` in the spelling of the server, or ""; UsageError for a text that is none."""
    text = options.get("uuid") or ""
    try:
        return str(uuid.UUID(text)) if text else ""
    except ValueError:
        raise UsageError(
            f"uuid: {text!r} is no UUID. To make one of a text, use the filter ansible.builtin.to_uuid"
        ) from None


def _begun(item: Object) -> str:
    """When it was created or began, as the server spells it; those of one server can be compared."""
    return str(item.get("CreateTime") or item.get("CreatedAt") or item.get("StartTime") or "")
