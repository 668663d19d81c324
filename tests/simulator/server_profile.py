# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one generation of servers does its own way.  Everything else is common to all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .claims import SCOPES
from .filters import Parse, slimmed
from .go_types import STR, Struct
from .models import MODELS, Model
from .routes import handler_for
from .rules import Change, Rules, rules_for
from .store import Row
from .version import VERSION

if TYPE_CHECKING:
    from .call import ApiResponse, Call
    from .server import Server

FEATURES = (
    "api-v3", "sane-exit-codes", "common-blob-size", "change-stage-map", "job-exit-states",
    "package-repository-handling", "profileless-machine", "threaded-log-levels", "plugin-v2", "fsm-runner",
    "plugin-v2-safe-config", "workflows", "default-workflow", "http-range-header", "roles", "tenants",
    "secure-params", "separate-meta-api", "slim-objects", "secure-param-upgrade", "sprig", "multiarch",
    "actions-in-task-list",
)  # fmt: skip

CONTENT_META = Struct(
    "ContentMetaData",
    **dict.fromkeys(("Name", "Source", "Description", "Version", "Documentation", "RequiredFeatures"), STR),
)
Test = Callable[[Any], bool]


class ServerProfile:
    """A v3.12 server; others override what differs."""

    version = VERSION
    licensed = False
    """Whether roles and tenants can be written."""
    features: Sequence[str] = FEATURES
    models: Mapping[str, Model] = MODELS
    scopes: Mapping[str, tuple[str, ...]] = SCOPES
    list_parameters: Sequence[str] = ("offset", "limit", "sort", "reverse", "slim")
    """Names in the query of a list that are no filters."""
    task_entries: Sequence[str] = ("stage", "bootenv", "chroot", "action")
    """What may stand before the colon in the task list of a machine."""
    stage_entries: Sequence[str] = ("action",)
    """The same in that of a stage."""
    replaces_writable = False
    """Whether a content pack can take the place of writable objects, when it is asked to."""
    gathers_entries = False
    """Whether neighbouring entries that only move a machine become one job."""
    content_meta = CONTENT_META
    """What a content pack may say of itself."""
    runners: Sequence[str] = ("machines",)
    """Kinds whose objects run tasks."""
    more_machine_claims: Sequence[tuple[str, str, str]] = ()
    """What the token of such an object allows beside its own kind, jobs and the like."""
    params_prefix = ""
    """With what a filter may begin that is about a param."""
    extra_operators: Mapping[str, Callable[[Parse, str], Test]] = {}
    """Operators of filters beyond those that every server knows."""

    def rules(self, prefix: str) -> Rules:
        return rules_for(prefix)

    def with_prerequisites(self, server: Server, tasks: list[str], present: list[str]) -> list[str]:
        """The tasks that enter a list in which ``present`` are already, with what they need before them."""
        return list(tasks)

    def on_left_pool(self, server: Server, row: Row) -> None:
        """A machine has done what it had to do before it leaves its pool; v3.12 has no pools."""

    def runner_of_job(self, server: Server, runner: Row, job: Row) -> Row:
        """What runs tasks, as the templates of a job's task see it."""
        return runner

    def stamp(self, change: Change, principal: str) -> None:
        """Note on an object that is about to be stored who has written it, and when."""

    def answer(self, call: Call) -> ApiResponse | Awaitable[ApiResponse]:
        return handler_for(call.parts[0])(call)

    def param_sources(self, server: Server, row: Row) -> Iterator[Row]:
        """The profiles whose Params apply to an object beside its own, the strongest first."""
        names: list[str] = []
        if row.model.prefix == "machines":
            names.extend(row.data["Profiles"])
            stage = server.store.data("stages", row.data["Stage"])
            names.extend(stage["Profiles"] if stage else [])
        for name in (*names, "global"):
            if profile := server.store.get("profiles", name):
                yield profile

    def shown(self, call: Call, row: Row) -> bytes:
        """The object's JSON as this request wants it."""
        return slimmed(row, call.query)

    def count_headers(self, call: Call, model: Model) -> dict[str, str]:
        """Headers of a list beyond those that every server sends."""
        return {}


# assumption: no licensed server was recorded; it differs in nothing but that roles and tenants can be written
class Licensed(ServerProfile):
    """A v3.12 server with all that one pays for."""

    licensed = True


V3_12, V3_12_LICENSED = ServerProfile(), Licensed()
