# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each model demands of its objects."""

from __future__ import annotations

from .accounts import RoleRules, TenantRules, UserRules
from .base import Change, Rules
from .bootenvs import BootEnvRules
from .content import ParamRules, ProfileRules, StageRules, TaskRules, TemplateRules, WorkflowRules
from .jobs import JobRules
from .machines import MachineRules
from .network import LeaseRules, ReservationRules, SubnetRules
from .plugins import PluginRules, RawRules

__all__ = ["Change", "Rules", "rules_for"]

_RULES: dict[str, Rules] = {
    "bootenvs": BootEnvRules(),
    "jobs": JobRules(),
    "leases": LeaseRules(),
    "machines": MachineRules(),
    "params": ParamRules(),
    "plugins": PluginRules(),
    "profiles": ProfileRules(),
    "reservations": ReservationRules(),
    "roles": RoleRules(),
    "stages": StageRules(),
    "subnets": SubnetRules(),
    "tasks": TaskRules(),
    "templates": TemplateRules(),
    "tenants": TenantRules(),
    "users": UserRules(),
    "workflows": WorkflowRules(),
}
_RAW = RawRules()
_NONE = Rules()


def rules_for(prefix: str) -> Rules:
    if prefix in ("plugin_providers", "preferences"):
        return _NONE
    return _RULES.get(prefix, _RAW)
