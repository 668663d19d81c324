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
      - When to write a secure param that already has a value. Set the value in clear text, like any other.
        It is encrypted for its object before it is sent, and is never shown.
      - V(when_different) reads the decrypted value from the server and compares it. If the credentials lack
        the claim C(getSecure), the value is left unchanged, with a warning.
      - V(always) writes it each time, so the task always reports a change.
      - V(on_create) writes it only if there is no value yet.
      - A value that is already encrypted, a dictionary of C(Key), C(Nonce) and C(Payload), is sent unchanged.
      - Setting a secure param requires the Python package PyNaCl.
      - With O(run_in=target), Ansible logs the options of a module on the target before the module can
        determine which params are secure. Set C(no_log) on such a task.
    type: str
    choices: [when_different, always, on_create]
    default: when_different
"""
