# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""main() of every module: an AnsibleModule around :func:`.runner.run`."""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.arg_spec import ValidationResult
from ansible.module_utils.common.parameters import remove_values

from . import runner
from .validation import negative, telling_error


class _Module(AnsibleModule):  # type: ignore[misc]
    """Keeps what goes into objects out of the log of its machine, and out of errors that precede the task."""

    params: dict[str, t.Any]
    argument_spec: dict[str, dict[str, t.Any]]
    validation_result: ValidationResult | None = None

    @property
    def _lists_of_names(self) -> set[str]:
        return {name for name, form in self.argument_spec.items() if form.get("elements") == "str"}

    def _log_invocation(self) -> None:
        whole = self.params
        self.params = runner.loggable_options(whole, self._lists_of_names)
        try:
            super()._log_invocation()
        finally:
            self.params = whole

    def log(self, msg: str, log_args: t.Any = None) -> None:
        """Newer releases of Ansible end the module when syslog refuses a NUL."""
        super().log(msg.replace("\0", "\\0"), log_args)

    def fail_json(self, msg: str, **result: t.Any) -> t.NoReturn:
        # Ansible may fail before it has looked at any argument
        errors = list(self.validation_result.errors) if self.validation_result else []
        if errors and msg == errors[0].msg:
            msg = telling_error(errors).msg
        result.setdefault(
            "invocation",
            {
                "module_args": runner.shown_options(
                    getattr(self, "params", {}), lists_of_names=self._lists_of_names
                )
            },
        )
        super().fail_json(msg, **result)
        raise AssertionError("it has left the process")


def main(run: runner.TaskFunction, spec: t.Mapping[str, t.Any]) -> None:
    """Run a module; ``spec`` holds what AnsibleModule takes, argument_spec among it."""
    module = _Module(supports_check_mode=True, **spec)
    module.no_log_values.update(runner.environment_secrets(module.params, os.environ))
    if wrong := negative(spec["argument_spec"], module.params):
        module.fail_json(wrong)
    secrets: set[str] = set()
    known: set[str] = set()
    result = runner.run(
        run, module.params, module.check_mode, os.environ, secrets=secrets, known_options=known
    )
    shown = remove_values(runner.shown_options(module.params, known), secrets | module.no_log_values)
    result.setdefault("invocation", {"module_args": shown})
    module.no_log_values = runner.maskable(module.no_log_values)
    for warning in result.pop("warnings", []):
        module.warn(warning)
    if not module._diff:
        result.pop("diff", None)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
