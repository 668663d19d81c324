# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, roles and tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..claims import check_claims
from ..wire import Obj, new_secret
from .base import Change, Rules, missing

if TYPE_CHECKING:
    from ..world import World


class UserRules(Rules):
    def fill(self, change: Change) -> None:
        change.new["Secret"] = change.new["Secret"] or new_secret()

    def unusable(self, world: World, obj: Obj) -> list[str]:
        return missing(world, "roles", "Role", obj["Roles"])


class RoleRules(Rules):
    def malformed(self, world: World, obj: Obj) -> list[str]:
        return self.name_problem(obj) + check_claims(obj["Claims"])


class TenantRules(Rules):
    def unusable(self, world: World, obj: Obj) -> list[str]:
        return missing(world, "users", "User", obj["Users"])
