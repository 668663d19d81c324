# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Secure params, for modules that set params."""

    DOCUMENTATION = r"""
options:
  update_secure:
    description:
      - When to write a param that is defined as secure and has a value already. Such a value is given in
        clear like any other. It is sealed for its object before it is sent, and shown nowhere.
      - V(when_different) has the server decode the present value and compares. When the credentials may not
        read it (claim C(getSecure)), it stays as it is, with a warning.
      - V(always) writes it each time, so that the task always reports a change.
      - V(on_create) writes it only where there is no value yet, and compares nothing.
      - A value that is sealed already, a map of C(Key), C(Nonce) and C(Payload), is sent as it is.
      - Setting a secure param needs the Python package PyNaCl.
      - With O(run_in=target) Ansible writes the options of a module into the log of the target before it
        can be known which params are secure. Set C(no_log) on such a task.
    type: str
    choices: [when_different, always, on_create]
    default: when_different
"""
