# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Users and their passwords, which are compared by logging in and never read back."""

from __future__ import annotations

import typing as t

from ..client import features
from ..client.client import Client
from ..client.errors import DrpError, UsageError
from ..client.objects import users
from ..converge.guard import Target, fingerprint
from ..converge.resource import Object, Resource
from ..converge.results import converge_one
from ..converge.task import Options, Result, Task, failure

_MEMBERS = {"name": "Name", "description": "Description", "roles": "Roles"}
_HIDDEN_BEFORE, _HIDDEN_AFTER = "(another one)", "(the one given)"


class User(Resource):
    """A user, whose removal ends less than one would think."""

    def check_deletion(self, client: Client, current: Object) -> None:
        """Nobody removes the very user that the task logs in as by mistake."""
        if not users.is_logged_in_as(client, str(current.get("Name"))):
            return
        mark = fingerprint("deletion", [Target.of(self.kind, current)])
        if not self.confirmed and self.confirm != mark:
            raise UsageError(
                f"{self.label}: it is the user that this task logs in as. Nothing was changed. "
                f"Log in as another user, or set confirm: {mark}"
            )

    def deletion_warnings(self, client: Client) -> list[str]:
        if client.has_feature(features.V4.flag):
            return []
        return [
            f"{self.label}: this server does not revoke the tokens of a deleted user. They stay valid, with "
            "the rights of its roles, until they expire or a user of that name is created again. To revoke "
            "them at once, change the preference baseTokenSecret, which revokes the tokens of all users and "
            "machines"
        ]


def run(task: Task) -> Result:
    """What ``drp_user`` does."""
    resource = from_options(task.options)
    password = task.options.get("user_password")
    if password == "":
        raise UsageError("user_password: must not be empty; the server cannot remove a password")
    result = converge_one(task, resource, "user")
    if password is None or resource.state == "absent" or not result.get("user"):
        return result
    try:
        return _with_password(task, result, resource.spec["Name"], password)
    except DrpError as error:
        # what was written before stays written
        return {**result, **failure(error, resource.label), "changed": result["changed"]}


def from_options(options: Options) -> Resource:
    """The user that the options of ``drp_user`` describe, without the password."""
    spec = {member: options[name] for name, member in _MEMBERS.items() if options.get(name) is not None}
    return User(
        kind="users",
        spec=spec,
        state=options["state"],
        require_available=options["require_available"],
        confirm=options.get("confirm") or "",
    )


def _with_password(task: Task, result: Result, name: str, password: str) -> Result:
    """The result once the password is as wanted."""
    created = result["action"] == "created"
    if not created and task.options["update_password"] == "on_create":
        return result
    if not created and users.password_works(task.client, name, password):
        return result
    if not task.check:
        users.set_password(task.client, name, password)
    diff: dict[str, t.Any] = {**result["diff"]}
    diff["after"] = {**diff["after"], "Password": _HIDDEN_AFTER}
    if not created:
        diff["before"] = {**diff["before"], "Password": _HIDDEN_BEFORE}
    return {
        **result,
        "changed": True,
        "action": result["action"] if result["changed"] else "updated",
        "diff": diff,
    }
