# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How to wait: DOCUMENTATION for all modules that do, MODULES for those that have done something before.

    ``drp_wait`` describes the conditions, once for all.
    """

    DOCUMENTATION = r"""
options:
  any_of:
    description:
      - Like O(until), but only one of the entries must be true. If both options are set, both must be
        satisfied.
      - M(digitalrebar.provision.drp_wait) describes the conditions.
    type: list
    elements: dict
  fail_when:
    description:
      - The wait fails immediately if one of the entries is true.
      - M(digitalrebar.provision.drp_wait) describes the conditions.
      - The default is C(job_failed=true) for machines, clusters and resource brokers, a State of V(failed)
        for jobs, a State of V(failed) or V(cancelled) for work orders and batches, and nothing when
        waiting for a deletion. An empty list disables this check.
      - If O(until) is true as well, the wait succeeds.
    type: list
    elements: dict
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
  until:
    description:
      - With O(wait=true), the conditions to wait for. All entries must be true.
      - M(digitalrebar.provision.drp_wait) describes the conditions, such as V(stage=complete), and the
        default.
    type: list
    elements: dict
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
