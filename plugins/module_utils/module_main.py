# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""main() of every module: an AnsibleModule around :func:`.runner.run`."""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.parameters import remove_values

from . import runner
from .client.masking import mask_url_credentials


def main(run: runner.TaskFunction, spec: t.Mapping[str, t.Any]) -> None:
    """Run a module; ``spec`` holds what AnsibleModule takes, argument_spec among it."""
    module = AnsibleModule(supports_check_mode=True, **spec)
    module.no_log_values.update(runner.environment_secrets(module.params, os.environ))
    secrets: set[str] = set()
    result = runner.run(run, module.params, module.check_mode, os.environ, secrets=secrets)
    shown = mask_url_credentials(remove_values(module.params, secrets))
    result.setdefault("invocation", {"module_args": shown})
    for warning in result.pop("warnings", []):
        module.warn(warning)
    if not module._diff:
        result.pop("diff", None)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
