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
      - The conditions to wait for. All entries must be true, and all conditions within an entry.
      - Each entry is a predefined condition such as V(workflow_complete=true) or V(stage=complete), or
        compares the value at a path.
      - The default, if O(any_of) is not set either, is O(until[].workflow_complete=true) for machines,
        clusters and resource brokers, a State of V(finished) for jobs, work orders and batches, and
        O(until[].available=true) for all other kinds.
    type: list
    elements: dict
    suboptions: &conditions
      workflow_complete:
        description: Whether the machine has completed its task list, or has no tasks.
        type: bool
      stage:
        description: The name of the stage.
        type: str
      bootenv:
        description: The name of the boot environment.
        type: str
      workflow:
        description: The name of the workflow. An empty string means none.
        type: str
      runnable:
        description: Whether the machine is runnable.
        type: bool
      available:
        description: Whether the server reports the object as available.
        type: bool
      job_state:
        description:
          - States of the current job of the machine. The job must have one of them.
          - They are V(created), V(running), V(finished), V(failed) and V(incomplete).
        type: list
        elements: str
      job_failed:
        description:
          - Whether the machine has stopped because its current job failed.
          - A job that failed before the machine was made runnable again does not count.
        type: bool
      deleted:
        description: V(true) waits until the object is deleted. It must be the only condition.
        type: bool
      path:
        description:
          - The path to the value that the options below compare, as names separated by dots (V(OS.Name),
            V(Tasks.0)) or, for names that contain dots, as a JSON pointer (V(/Params/my.param)).
          - For a machine, V(Job) is its current job, as in V(Job.Task).
        type: str
      equals:
        description: The value that it must have. Types are significant. V(1) equals V(1.0), but the string
          V("true") is not V(true).
        type: raw
      not_equals:
        description: A value that it must not have. A missing value matches.
        type: raw
      in:
        description: Values, one of which it must have.
        type: list
        elements: raw
      contains:
        description: A value that must be in the list, or a name that must be in the dictionary.
        type: raw
      matches:
        description: A regular expression that must match anywhere in the string.
        type: str
      gt:
        description: A number or string that the value must exceed. Times in UTC can be compared as strings.
        type: raw
      gte:
        description: A number or string that the value must reach or exceed.
        type: raw
      lt:
        description: A number or string that the value must be below.
        type: raw
      lte:
        description: A number or string that the value must not exceed.
        type: raw
      exists:
        description: Whether there is a value, other than null.
        type: bool
      changed:
        description: V(true) waits until the value differs from its value at the beginning of the wait.
        type: bool
  any_of:
    description: Like O(until), but only one of the entries must be true. If both options are set, both must
      be satisfied.
    type: list
    elements: dict
    suboptions: *conditions
  fail_when:
    description:
      - Conditions like those of O(until). The wait fails immediately if one of the entries is true.
      - The default is O(fail_when[].job_failed=true) for machines, clusters and resource brokers, a State of
        V(failed) for jobs, a State of V(failed) or V(cancelled) for work orders and batches, and nothing when
        waiting for a deletion. An empty list disables this check.
      - If O(until) is true as well, the wait succeeds.
    type: list
    elements: dict
    suboptions: *conditions
  stable_for:
    description:
      - For how many seconds the conditions must be true without interruption.
      - If events may have been missed, for example after a lost connection, the time starts again.
    type: float
    default: 0
  log_lines:
    description: How many lines of the log of the current job to show if the wait fails.
    type: int
    default: 20
"""

    MODULES = r"""
options:
  wait:
    description:
      - After the change, wait until the conditions in O(until) and O(any_of) are true.
      - Does not wait in check mode.
    type: bool
    default: false
  wait_timeout:
    description: How many seconds to wait. After that, the task fails. Its changes are not reverted.
    type: float
    default: 3600
"""
