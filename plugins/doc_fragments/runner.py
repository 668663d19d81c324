# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of what runs tasks without being a machine: clusters and resource brokers."""

    DOCUMENTATION = r"""
options:
  state:
    description: Whether the object should exist.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the object. Identifies the object, unless O(uuid) or O(id) is set. With one of them,
        the object is renamed.
    type: str
  uuid:
    description: The UUID of the object. Identifies the object, or is the UUID of a new object.
    type: str
  id:
    description:
      - Identifies the object by its key or by any unique index of the server, as C(Index:value).
    type: str
  description:
    description: A description for users.
    type: str
  profiles:
    description: Names of profiles, in order of precedence.
    type: list
    elements: str
  profiles_mode:
    description:
      - What to do with the names in O(profiles). V(set) makes them the complete list. V(append) and
        V(prepend) add them at the end and at the beginning, V(before) and V(after) next to the profile
        O(profiles_anchor). V(remove) removes them.
      - A profile that is in the list already stays where it is.
    type: str
    choices: [set, append, prepend, remove, before, after]
    default: set
  profiles_anchor:
    description: The profile of the object next to which to add O(profiles).
    type: str
  params:
    description:
      - Params by name. Values keep their types. V(null) removes a param.
      - For secure params see O(update_secure).
    type: dict
  purge_params:
    description: Remove all params that are not in O(params).
    type: bool
    default: false
  meta:
    description: Metadata, a dictionary of strings. V(null) removes an entry. Other entries are left
      unchanged.
    type: dict
  workflow:
    description:
      - The workflow. An empty string removes the object from its workflow.
      - Setting another workflow replaces the task list and the stage, even while tasks run.
    type: str
  stage:
    description:
      - The stage. While the object is in a workflow, the workflow sets the stage. To set another
        stage, remove the object from its workflow with an empty O(workflow) in the same task, or with
        O(force=true).
    type: str
  tasks:
    description: The task list of an object without a workflow.
    type: list
    elements: str
  tasks_mode:
    description:
      - What to do with the names in O(tasks). V(set) makes them the complete list. V(append) and V(prepend)
        add them at the end and at the beginning, V(before) and V(after) next to the task O(tasks_anchor),
        and V(next) after the task that is running. V(remove) removes them.
      - A task that is in the list already stays where it is, so that a second run changes nothing.
    type: str
    choices: [set, append, prepend, remove, before, after, next]
    default: set
  tasks_anchor:
    description: The task in the list of the object next to which to add O(tasks).
    type: str
  runnable:
    description: Whether the agent of the object may run its tasks. Set after all other changes.
    type: bool
  locked:
    description:
      - Whether the object is locked. The server refuses all changes of a locked object, except to unlock
        it. Requires a v4 server.
    type: bool
  context:
    description:
      - The context in which the tasks of the object run. An empty string means the object itself. Requires
        a v4 server.
    type: str
  pipeline:
    description: The pipeline of the object. An empty string removes it. Requires a v4 server.
    type: str
  work_order_mode:
    description:
      - Whether the object runs work orders, see M(digitalrebar.provision.drp_work_order), instead of its
        workflow. Requires a v4 server.
    type: bool
  start:
    description:
      - Start the workflow from its beginning, also if the object is in it already. The workflow is
        O(workflow) or, if that is not set, the current one. The object becomes runnable.
      - The other options are applied first. Each run of the task starts the workflow again.
      - The server does this in one step. On servers that cannot, the workflow is left and then entered
        again.
    type: bool
    default: false
  cleanup:
    description:
      - With O(state=absent), have the server clean up before the deletion. If the param
        C(on-delete-workflow) applies to the object, the server starts that workflow and deletes the object
        when it is complete. Otherwise, it is deleted immediately.
      - With O(wait=true), waits until it is gone, and fails if a job of the workflow fails. O(until) and
        O(any_of) are then ignored.
      - Fails on servers that have no cleanup. Requires a v4 server.
    type: bool
    default: false
  include_locked:
    description:
      - Change or delete the object even if it is locked. It is unlocked for the change and then locked
        again, unless it was deleted or O(locked) is set.
    type: bool
    default: false
  force:
    description:
      - Have the server skip the checks that it offers to skip, for example that no tasks are pending when
        O(stage) changes.
    type: bool
    default: false
  require_available:
    description:
      - Fail when the server has stored the object but reports that it cannot be used, for example
        because a profile does not exist.
    type: bool
    default: true
  group_params:
    description:
      - Params that all members share, by name. V(null) removes a param. They are those of the profile that
        has the name of the object, and that its members have too.
      - Secure params are sealed, compared and hidden as those in O(params), see O(update_secure).
    type: dict
  purge_group_params:
    description: Remove all shared params that are not in O(group_params).
    type: bool
    default: false
"""
