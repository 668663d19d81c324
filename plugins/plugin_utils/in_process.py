# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs drp_* modules inside the controller process: milliseconds instead of a new interpreter.

Each file in plugins/action is the action of one module.  Ansible loads it before it forks the workers of a
task, so that what the module imports is paid once, and no other module is imported.  The client is kept from
item to item of a loop.
"""

from __future__ import annotations

import os
import sys
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator, ValidationResult
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase

from ..module_utils import runner
from ..module_utils.validation import misfit, negative, telling_error
from . import compat
from .modules import load_module, module_names, module_of_task
from .plain_data import task_arguments
from .progress import ProgressDisplay
from .role_files import resolve_local_files
from .vaulted_files import decrypting_files

Result = dict[str, t.Any]

_COLLECTION = "digitalrebar.provision"
_IN_TERMINAL = sys.stdout.isatty()
"""Asked here, in the parent: a worker has no terminal of its own."""


def action_of(file: str) -> type[ActionBase]:
    """The action of a file ``plugins.action.drp_machine``, by its ``__name__``; loads that module."""
    load_module(file.rpartition(".")[2])
    return type("ActionModule", (_InProcess,), {"__module__": file})


class _InProcess(ActionBase):
    _requires_connection = False
    _supports_async = True
    _supports_check_mode = True

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        super().run(tmp, task_vars)
        compat.require_core(compat.action_failure)
        name = self._module_name()
        arguments = task_arguments(self._task.args)
        module = load_module(name)
        spec = module.SPEC
        if wrong := misfit(spec["argument_spec"], arguments):
            raise compat.action_failure(wrong)
        if self._task.async_val or self._task.args.get("run_in") == "target":
            return self._run_on_target(name, arguments, task_vars)
        validated = self._validate(name, spec, arguments)
        given = {option: validated.validated_parameters.get(option) for option in spec["argument_spec"]}
        options = resolve_local_files(given, getattr(module, "LOCAL_FILES", ()), self._find_needle)
        environ = self._environment()
        progress = ProgressDisplay(self._display, self._task.get_name(), _IN_TERMINAL)
        found_secrets: set[str] = set()
        known: set[str] = set()
        check = self._task.check_mode
        with decrypting_files(self._loader):
            result = runner.run(module.run, options, check, environ, progress.tell, found_secrets, known)
        progress.end(bool(result.get("failed")))
        if not self._task.diff:
            result.pop("diff", None)
        secrets = set(validated._no_log_values) | runner.environment_secrets(options, environ)
        shown = remove_values(runner.shown_options(options, known), found_secrets | secrets)
        result.setdefault("invocation", {"module_args": shown})
        return t.cast(Result, remove_values(result, runner.maskable(secrets)))

    def _validate(self, name: str, spec: dict[str, t.Any], arguments: dict[str, t.Any]) -> ValidationResult:
        """The options as the module would take them; the base class would complain in our name, not its."""
        result = ArgumentSpecValidator(**spec).validate(arguments)
        if not result.error_messages:
            if wrong := negative(spec["argument_spec"], result.validated_parameters):
                raise compat.action_failure(wrong)
            return result
        error = telling_error(result.errors)
        message = error.msg
        if isinstance(error, UnsupportedError):
            message = f"Unsupported parameters for ({_COLLECTION}.{name}) module: {message}"
        raise compat.action_failure(message)

    def _module_name(self) -> str:
        try:
            return module_of_task(self._task, self._shared_loader_obj.module_loader, module_names())
        except LookupError as error:
            raise compat.action_failure(str(error)) from None

    def _environment(self) -> dict[str, str]:
        """The controller's environment with the task's ``environment`` laid over it."""
        wanted: dict[str, str] = {}
        self._compute_environment_string(wanted)
        return {**os.environ, **{name: str(value) for name, value in wanted.items()}}

    def _run_on_target(
        self, name: str, arguments: dict[str, t.Any], task_vars: dict[str, t.Any] | None
    ) -> Result:
        return t.cast(
            Result,
            self._execute_module(
                module_name=f"{_COLLECTION}.{name}",
                module_args=arguments,
                task_vars=task_vars,
                wrap_async=bool(self._task.async_val),
            ),
        )
