# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Objects of one kind, as modules such as ``drp_profile`` and ``drp_task`` manage them."""

from __future__ import annotations

import typing as t

from ..client import models
from ..converge.resource import Resource
from ..converge.results import converge_one
from ..converge.task import Options, Result, Task
from .kind_options import spec_from


def run_for(kind: str) -> t.Callable[[Task], Result]:
    """What the module for objects of ``kind`` does."""

    def run(task: Task) -> Result:
        return converge_one(task, from_options(kind, task.options), models.get(kind).singular)

    return run


def from_options(kind: str, options: Options) -> Resource:
    """The object that the options describe; options that are None say nothing."""
    return Resource(
        kind=kind,
        spec=spec_from(kind, options),
        state=options["state"],
        require_available=options["require_available"],
        purge_params=options.get("purge_params", False),
        update_secure=options.get("update_secure", "when_different"),
    )
