# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The states of an agent, by the names and numbers of the Go agent, and how an agent behaves in them."""

from __future__ import annotations

import dataclasses
import enum


class State(enum.IntEnum):
    """9 and 10 are states of v4's agent that only choose between workflows and work orders."""

    INIT = 0
    WAIT_FOR_RUNNABLE = 1
    RUN_TASK = 2
    WAIT_FOR_CHANGE_STAGE = 3
    CHANGE_STAGE = 4
    EXIT = 5
    REBOOT = 6
    POWEROFF = 7
    KEXEC = 8
    WAIT_FOR_WORKORDER = 11
    PICK_WORKORDER = 12


@dataclasses.dataclass(frozen=True)
class Options:
    """How an agent behaves; times are seconds."""

    exit_on_not_runnable: bool = False
    """A wait that times out ends the agent."""
    exit_on_failure: bool = False
    """A failed task ends the agent, as does an error of its own."""
    make_runnable: bool = False
    """Make what is served runnable when this is the first agent since the host was started."""
    wait_timeout: float = 3600.0
    """The limit of one wait."""
    retry_pause: float = 5.0
    """After an error; doubled each time up to ``max_retry_pause``, and jittered."""
    max_retry_pause: float = 60.0


class AgentFailed(Exception):
    """The agent ends because of this."""
