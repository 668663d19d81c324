# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, roles and tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..claims import check_claims
from ..wire import Obj, new_secret
from .base import Change, Rules, absent_or_unavailable, missing

if TYPE_CHECKING:
    from ..server import Server


class UserRules(Rules):
    tells_all = True

    def set_defaults(self, change: Change) -> None:
        change.new["Secret"] = change.new["Secret"] or new_secret()

    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        return absent_or_unavailable(server, "roles", "Role", obj["Roles"])


class RoleRules(Rules):
    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        return self.name_problem(obj) + check_claims(obj["Claims"], server.server_profile.scopes)


class TenantRules(Rules):
    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        return missing(server, "users", "User", obj["Users"])
