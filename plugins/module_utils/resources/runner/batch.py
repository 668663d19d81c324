# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Batches: a work order that sets up, the work orders that it makes, and one at the end of all.

The server makes the setup work order when the batch is created, and tells its UUID and that of the last
one.  It tells of the others how many are in each state, and not which they are.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ...client import features
from ...client.errors import UsageError
from ...converge.merge import agrees
from ...converge.plain_params import require_plain
from ...converge.resource import Object
from ...converge.task import Options, Result, Task
from ..waiting import waiting
from . import run_states
from .order_template import TEMPLATE_SPEC, OrderTemplate
from .run_once import RunOnce, key_of
from .run_states import ACTIVE, BATCHES, WORK_ORDERS

TEMPLATES = {
    "setup": "SetupWorkOrderTemplate",
    "work_order": "WorkOrderTemplate",
    "post": "PostWorkOrderTemplate",
}
"""Option -> member."""
SELECT_SPEC: dict[str, dict[str, t.Any]] = {
    "kind": {"type": "str", "default": "machines"},
    "filter": {"type": "str"},
    "param": {"type": "str", "required": True, "no_log": False},
    "member": {"type": "str", "default": "Uuid"},
    "limit": {"type": "int"},
    "order": {"type": "str"},
}
BATCH_SPEC: dict[str, dict[str, t.Any]] = {
    "description": {"type": "str"},
    "meta": {"type": "dict"},
    "select": {"type": "dict", "options": SELECT_SPEC},
    **{name: {"type": "dict", "options": TEMPLATE_SPEC} for name in TEMPLATES},
}
_SETUP_BLUEPRINT = "batch-run"
_SELECT_PARAMS = {
    "kind": "batch/filter-type",
    "filter": "batch/filter",
    "param": "batch/iterator-param",
    "member": "batch/iterator",
    "limit": "batch/limit",
    "order": "batch/order",
}
"""What is selected -> the param by which the blueprint ``batch-run`` of the batch library is told."""
_MADE_BY_SERVER = ("SetupWorkOrder", "PostWorkOrder")
_TARGETS = ("machine", "cluster", "resource_broker", "server_filter")


def run(task: Task) -> Result:
    """What ``drp_batch`` does."""
    waiting.check(task, [BATCHES])
    task.client.require_feature(features.V4, "drp_batch")
    options = task.options
    given = _template_options(options)
    templates = {name: OrderTemplate.of(task.client, entry, name) for name, entry in given.items()}
    spec: Object = {TEMPLATES[name]: template.spec for name, template in templates.items()}
    for option, member in (("description", "Description"), ("meta", "Meta")):
        if options.get(option) is not None:
            spec[member] = options[option]
    result = Batch(task, BATCHES, key_of(options), spec, templates).run()
    return _with_failed_orders(result)


@dataclasses.dataclass
class Batch(RunOnce):
    """A batch, as its templates describe it."""

    templates: t.Mapping[str, OrderTemplate]

    identity = tuple(TEMPLATES.values())
    selecting = f"or one of {', '.join(TEMPLATES)}"

    def require_complete(self) -> None:
        if "setup" not in self.templates:
            raise UsageError("setup: is required for a new batch, or select")
        if self.task.options.get("select") and "work_order" not in self.templates:
            raise UsageError("work_order: is required with select: it is created for each selected object")
        for name, template in self.templates.items():
            template.require_complete("a new batch")
            require_plain(
                self.task.client,
                template.spec.get("Params") or {},
                f"{name}.params",
                "the server makes the work orders of a batch",
                self.task.secrets,
            )

    def active(self) -> list[Object] | None:
        """Those with the same templates, as far as they are given."""
        wanted = {name: self.spec[name] for name in self.identity if name in self.spec}
        if not wanted:
            return None
        # several comparisons of one name are alternatives for the server
        words = [word for state in ACTIVE[BATCHES] for word in ("State", "Eq", state)]
        return [item for item in self.task.client.list(BATCHES, *words) if agrees(item, wanted)]

    def cancel(self, item: Object) -> Object:
        """The batch first, so that nothing new is begun, and then the work orders that it tells."""
        cancelled = super().cancel(item)
        for member in _MADE_BY_SERVER:
            key = str(cancelled.get(member) or "")
            order = self.task.client.find(WORK_ORDERS, key) if set(key) - {"0", "-"} else None
            if order is not None and run_states.is_active(WORK_ORDERS, order):
                run_states.cancel(self.task.client, WORK_ORDERS, order)
        return cancelled

    @property
    def warnings(self) -> list[str]:
        return list(dict.fromkeys(text for one in self.templates.values() for text in one.warnings))


def _template_options(options: Options) -> dict[str, dict[str, t.Any]]:
    """The options of each work order that is described, with what follows from the others."""
    given = {name: dict(options[name]) for name in TEMPLATES if options.get(name) is not None}
    select = options.get("select")
    if select:
        setup = given.setdefault("setup", {})
        told = {_SELECT_PARAMS[name]: value for name, value in select.items() if value is not None}
        setup["blueprint"] = setup.get("blueprint") or _SETUP_BLUEPRINT
        setup["params"] = {**told, **(setup.get("params") or {})}
    for name, entry in given.items():
        if sum(entry.get(target) is not None for target in _TARGETS) > 1:
            raise UsageError(f"{name}: {', '.join(_TARGETS)} are mutually exclusive")
        if not any(entry.get(target) is not None for target in _TARGETS):
            entry.update({target: (options.get("work_order") or {}).get(target) for target in _TARGETS})
    return {name: given[name] for name in TEMPLATES if name in given}


def _with_failed_orders(result: Result) -> Result:
    """The result with a warning, if the batch has finished although work orders of it have failed."""
    counts = (result.get("batch") or {}).get("WorkOrderCounts") or {}
    failed = counts.get("failed")
    if failed and not result.get("failed"):
        warning = (
            f"batch {result['batch'].get('Uuid')}: {failed} of its work orders have failed. "
            "The server does not tell which; look for them in work_orders, by their blueprint and state"
        )
        result["warnings"] = [*result.get("warnings", []), warning]
    return result
