# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What is waited for: DOCUMENTATION for all modules that wait, MODULES for those that do so later."""

    DOCUMENTATION = r"""
options:
  until:
    description:
      - What is waited for. All entries must hold, and within an entry all that it says.
      - Each entry is a ready-made condition such as V(workflow_complete=true) or V(stage=complete), or
        compares the value at a path.
      - Without this and without O(any_of) it is O(until[].workflow_complete=true) for machines, a State
        of V(finished) for jobs, and O(until[].available=true) for all other kinds.
    type: list
    elements: dict
    suboptions: &conditions
      workflow_complete:
        description: Whether the machine has nothing left to do in its task list, or has no task at all.
        type: bool
      stage:
        description: The name of the stage.
        type: str
      bootenv:
        description: The name of the boot environment.
        type: str
      workflow:
        description: The name of the workflow; an empty text means none.
        type: str
      runnable:
        description: Whether the machine is runnable.
        type: bool
      available:
        description: Whether the server calls the object available.
        type: bool
      job_state:
        description:
          - States of the machine's current job, of which it must have one.
          - They are V(created), V(running), V(finished), V(failed) and V(incomplete).
        type: list
        elements: str
      job_failed:
        description:
          - Whether the machine stands still because its current job failed.
          - A job that failed earlier, before the machine was set going again, does not count.
        type: bool
      deleted:
        description: V(true) waits until the object is gone. It must be the only condition.
        type: bool
      path:
        description:
          - Where the value is that the options below compare, as names with dots between them (V(OS.Name),
            V(Tasks.0)) or, for names that hold dots, as a JSON pointer (V(/Params/my.param)).
          - For a machine, V(Job) leads to its current job, as in V(Job.Task).
        type: str
      equals:
        description: The value itself. Types count. V(1) equals V(1.0), but the text V("true") is not V(true).
        type: raw
      not_equals:
        description: Any other value, or none.
        type: raw
      in:
        description: Values of which it must be one.
        type: list
        elements: raw
      contains:
        description: A value that must be in the list, or a name that must be in the map.
        type: raw
      matches:
        description: A regular expression, to be found anywhere in the text.
        type: str
      gt:
        description: A number or text, which must be exceeded. Times in UTC order as texts.
        type: raw
      gte:
        description: A number or text, which must be reached.
        type: raw
      lt:
        description: A number or text that it must be below.
        type: raw
      lte:
        description: A number or text that it must not exceed.
        type: raw
      exists:
        description: Whether there is a value, other than null.
        type: bool
      changed:
        description: V(true) waits until the value differs from what it was when the waiting began.
        type: bool
  any_of:
    description: Like O(until), but one of the entries is enough. With both, both must be satisfied.
    type: list
    elements: dict
    suboptions: *conditions
  fail_when:
    description:
      - Conditions like those of O(until). The waiting fails at once when one of the entries holds.
      - For machines it is O(fail_when[].job_failed=true) by default, for jobs a State of V(failed), and
        nothing where a deletion is waited for. An empty list waits in any case.
      - When O(until) holds as well, the waiting succeeds.
    type: list
    elements: dict
    suboptions: *conditions
  stable_for:
    description:
      - For how many seconds without a break the conditions must hold.
      - When something may have been missed, after a lost connection say, the time begins anew.
    type: float
    default: 0
  log_lines:
    description: How many lines of the log of the current job are shown when the waiting fails.
    type: int
    default: 20
"""

    MODULES = r"""
options:
  wait:
    description:
      - After the change, wait until what O(until) and O(any_of) say holds.
      - Not done in check mode.
    type: bool
    default: false
  wait_timeout:
    description: How many seconds to wait. Then the task fails; what it has changed stays changed.
    type: float
    default: 3600
"""
