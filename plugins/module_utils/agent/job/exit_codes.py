# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What the exit code of a script means for its job, by the table in use and the script's position."""

from __future__ import annotations

import dataclasses
import typing as t

SANE_MARKER = ".sane-exit-codes"
"""A file of this name in the task directory selects the sane table for the rest of the job."""
SANE_FLAG = "sane-exit-codes"


@dataclasses.dataclass(frozen=True)
class Flags:
    """What a script asks for."""

    failed: bool = False
    incomplete: bool = False
    reboot: bool = False
    poweroff: bool = False
    stop: bool = False

    @property
    def signals(self) -> bool:
        """Whether the agent is asked to do something after the job."""
        return self.reboot or self.poweroff or self.stop

    @property
    def any(self) -> bool:
        return self.failed or self.incomplete or self.signals


@dataclasses.dataclass(frozen=True)
class ActionOutcome:
    """The job after an action: ``continues`` with the next one, or end in ``state`` with ``flags``."""

    continues: bool
    state: str
    flags: Flags

    @property
    def exit_state(self) -> str:
        """The job's ExitState: reboot before poweroff before stop, else failed or complete."""
        for name in ("reboot", "poweroff", "stop"):
            if getattr(self.flags, name):
                return name
        return "failed" if self.state == "failed" else "complete"


FAILED = Flags(failed=True)
SANE: t.Mapping[int, Flags] = {
    0: Flags(),
    16: Flags(stop=True),
    32: Flags(poweroff=True),
    64: Flags(reboot=True),
    128: Flags(incomplete=True),
    144: Flags(incomplete=True, stop=True),
    160: Flags(incomplete=True, poweroff=True),
    192: Flags(incomplete=True, reboot=True),
}
ORIGINAL: t.Mapping[int, Flags] = {
    0: Flags(),
    1: Flags(reboot=True),
    2: Flags(incomplete=True),
    3: Flags(incomplete=True, reboot=True),
}


def flags_of(code: int, sane: bool) -> Flags:
    """The meaning of an exit code; every unlisted one, and death by a signal (negative), is a failure."""
    return (SANE if sane else ORIGINAL).get(code, FAILED)


def uses_sane_codes(task: t.Mapping[str, t.Any]) -> bool:
    """Whether the task's feature flags select the sane table."""
    feature_flags = str((task.get("Meta") or {}).get("feature-flags") or "")
    return SANE_FLAG in [flag.strip() for flag in feature_flags.split(",")]


def outcome_of(flags: Flags, final: bool, strict: bool = False) -> ActionOutcome:
    """What follows from an action's flags; ``final`` is the last action of the job.

    On an action that is not the last, incomplete alone means early success and a signal alone leaves the
    job incomplete; on the last one it is the reverse.  Both together leave it incomplete, except that
    ``strict`` finishes the job, as a v3.12 agent does.
    """
    if flags.failed:
        return ActionOutcome(False, "failed", flags)
    if not flags.any:
        return ActionOutcome(not final, "finished", flags)
    if flags.incomplete and flags.signals:
        incomplete = not strict
    else:
        incomplete = flags.incomplete if final else flags.signals
    state = "incomplete" if incomplete else "finished"
    return ActionOutcome(False, state, dataclasses.replace(flags, incomplete=incomplete))


def signal_lines(outcome: Flags) -> list[str]:
    """What the log says of the outcome."""
    lines = [
        f"Task signalled runner to {word}"
        for word in ("reboot", "poweroff", "stop")
        if getattr(outcome, word)
    ]
    if outcome.failed:
        lines.append("Task signalled that it failed")
    if outcome.incomplete:
        lines.append("Task signalled that it was incomplete")
    elif not outcome.failed:
        lines.append("Task signalled that it finished normally")
    return lines
