# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What all jobs of an agent share: the connection, the files, the task folder and the runner settings."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import tempfile
import time
import typing as t

from ..client.client import Client, Object
from ..client.errors import DrpError
from ..client.objects import params
from .retry import Backoff, StopSignal
from .script.launcher import copy_program, write_launcher
from .script.scripts import CannotStart, ScriptEnvironment
from .state import Store

RUNNER_BASE = "runner-tmpdir"
"""The param that names the folder in which the runner directory is made."""
TASK_TIMEOUT = "drp-agent/task-timeout"
"""The param with the seconds that a script may take: a number for all tasks, or a map of task to number."""
_TIMEOUTS_LAST = 30.0


@dataclasses.dataclass(frozen=True)
class RunnerSettings:
    """How jobs are run.  Times are seconds."""

    task_timeout: float = 0.0
    kill_grace: float = 10.0
    spool_limit: int = 1 << 30
    strict: bool = False
    echo: bool = False
    runner_dir: str = ""
    retry_initial_delay: float = 0.5
    retry_max_delay: float = 15.0


@dataclasses.dataclass
class AgentContext:
    client: Client
    store: Store
    stop_signal: StopSignal
    runner_settings: RunnerSettings
    report: t.Callable[[str], None]
    """Takes a line for the agent's own log."""
    machine: str
    context: str = ""
    script_variables: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    runner_dir: str = ""
    _timeouts: t.Any = None
    _timeouts_until: float = 0.0

    def backoff(self) -> Backoff:
        return Backoff(self.runner_settings.retry_initial_delay, self.runner_settings.retry_max_delay)

    # -- the runner directory

    def choose_runner_dir(self, remembered: str) -> str:
        """The configured folder, or one of our own in the one that the param names; kept between starts."""
        if self.runner_settings.runner_dir:
            self.runner_dir = os.path.abspath(self.runner_settings.runner_dir)
            os.makedirs(self.runner_dir, mode=0o755, exist_ok=True)
        elif _is_ours(remembered):
            self.runner_dir = remembered
        else:
            base = self._runner_base()
            self.runner_dir = tempfile.mkdtemp(prefix="runner-", dir=base)
            os.chmod(self.runner_dir, 0o755)
        write_launcher(self.runner_dir, self.store.directory)
        return self.runner_dir

    def _runner_base(self) -> str:
        with contextlib.suppress(DrpError, OSError):
            folder = params.get(self.client, "machines", self.machine, RUNNER_BASE, aggregate=True)
            if folder and isinstance(folder, str):
                if not os.path.isdir(folder):
                    os.makedirs(folder)
                    os.chmod(folder, 0o1777)
                return folder
        return tempfile.gettempdir()

    def task_dir(self, task: str) -> str:
        """A new folder for one run of a task, mode 0700; CannotStart when there cannot be one."""
        try:
            if not os.path.isdir(self.runner_dir):  # a cleanup of /tmp has removed it
                os.makedirs(self.runner_dir, mode=0o755)
                write_launcher(self.runner_dir, self.store.directory)
            return tempfile.mkdtemp(prefix=f"{task.replace('/', '_')}-", dir=self.runner_dir)
        except OSError as error:
            raise CannotStart(
                f"Cannot make a task directory in {self.runner_dir}: {error.strerror or error}"
            ) from error

    def prepare_chroot(self) -> None:
        """Scripts in a chroot see the runner directory only."""
        with contextlib.suppress(OSError):
            copy_program(
                self.runner_dir, self.store.directory, self.script_variables.get("DRP_AGENT_CA_PATH", "")
            )

    # -- what a script gets

    def environment_for(self, job: Object) -> ScriptEnvironment:
        return ScriptEnvironment(
            machine=self.machine,
            endpoint=self.client.endpoint,
            token=str(job.get("Token") or "") or self.client.token(),
            runner_dir=self.runner_dir,
            extra=self.script_variables,
        )

    def timeout_for(self, task: str) -> float:
        """Seconds that a script of the task may take; 0 for as long as it likes.

        The param wins; it is read again after half a minute.
        """
        now = time.monotonic()
        if now >= self._timeouts_until:
            self._timeouts = params.get(self.client, "machines", self.machine, TASK_TIMEOUT, aggregate=True)
            self._timeouts_until = now + _TIMEOUTS_LAST
        timeouts = self._timeouts
        seconds = timeouts.get(task) if isinstance(timeouts, dict) else timeouts
        if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and seconds >= 0:
            return float(seconds)
        return self.runner_settings.task_timeout


def _is_ours(folder: str) -> bool:
    """Whether the folder still exists and belongs to this user."""
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    return os.path.isdir(folder) and not os.path.islink(folder) and found.st_uid == os.geteuid()
