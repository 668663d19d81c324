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
from ..client.errors import DrpError, UsageError
from ..client.files import own
from .retry import Backoff, StopSignal
from .script.launcher import copy_program, write_launcher
from .script.scripts import CannotStart, ScriptEnvironment
from .script.supervised import Supervision
from .script.task_files import make_folders, remove_tree
from .served import Served
from .state import Store

RUNNER_BASE = "runner-tmpdir"
"""The param that names the folder in which the runner directory is made."""
TASK_TIMEOUT = "drp-agent/task-timeout"
"""The param with the seconds that a script may take: a number for all tasks, or a map of task to number."""
_TIMEOUTS_LAST = 30.0
_LONGEST_TIMEOUT = 1e9


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
    served: Served
    context: str = ""
    script_variables: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    runner_dir: str = ""
    supervision: Supervision = dataclasses.field(default_factory=Supervision)
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
            if not _is_ours(self.runner_dir):
                raise UsageError(f"runner_dir: {self.runner_dir} is a link, or belongs to another user")
        elif _is_ours(remembered):
            self.runner_dir = remembered
        else:
            self.runner_dir = self._new_runner_dir()
        write_launcher(self.runner_dir, self.store.directory)
        return self.runner_dir

    def _new_runner_dir(self) -> str:
        made = tempfile.mkdtemp(prefix="runner-", dir=self._runner_base())
        os.chmod(made, 0o755)
        return made

    def _runner_base(self) -> str:
        with contextlib.suppress(DrpError, OSError):
            folder = self.served.param(self.client, RUNNER_BASE)
            if folder and isinstance(folder, str):
                if not os.path.isdir(own.trusted_path(folder)):
                    make_folders(folder)
                    _open_to_all(folder)
                if own.is_safe_folder(folder):
                    return folder
        return tempfile.gettempdir()

    def task_dir(self, task: str, job: str) -> str:
        """A new folder for a job of a task, mode 0700; CannotStart when there cannot be one.

        Its name is always the same, so that nothing is left of an agent that was killed while it made one.
        """
        try:
            if not os.path.lexists(self.runner_dir):  # a cleanup of /tmp has removed it
                os.makedirs(self.runner_dir, mode=0o755)
                write_launcher(self.runner_dir, self.store.directory)
            elif not _is_ours(self.runner_dir):  # and another user has made one there
                self.runner_dir = self._new_runner_dir()
                write_launcher(self.runner_dir, self.store.directory)
            folder = os.path.join(self.runner_dir, f"{_folder_prefix(task)}{job}")
            if os.path.lexists(folder):
                remove_tree(folder)
            os.mkdir(folder, mode=0o700)
            return folder
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise CannotStart(f"Cannot make a task directory in {self.runner_dir}: {why}") from error

    def prepare_chroot(self) -> None:
        """Scripts in a chroot see the runner directory only."""
        with contextlib.suppress(OSError):
            copy_program(
                self.runner_dir, self.store.directory, self.script_variables.get("DRP_AGENT_CA_PATH", "")
            )

    # -- what a script gets

    def environment_for(self, job: Object) -> ScriptEnvironment:
        return ScriptEnvironment(
            machine=self.served.uuid,
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
            self._timeouts = self.served.param(self.client, TASK_TIMEOUT)
            self._timeouts_until = now + _TIMEOUTS_LAST
        timeouts = self._timeouts
        seconds = timeouts.get(task) if isinstance(timeouts, dict) else timeouts
        if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and seconds >= 0:
            return float(min(seconds, _LONGEST_TIMEOUT))
        return self.runner_settings.task_timeout


def _folder_prefix(task: str) -> str:
    """The name of a task as a folder may begin with."""
    plain = task.replace("/", "_").replace("\0", "_").encode("utf-8", "replace")[:200]
    return f"{plain.decode('utf-8', 'ignore')}-"


def _open_to_all(folder: str) -> None:
    """Let everybody make files in a folder that we have just made."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_uid == os.geteuid():
            os.fchmod(descriptor, 0o1777)
    finally:
        os.close(descriptor)


def _is_ours(folder: str) -> bool:
    """Whether the folder still exists and belongs to this user."""
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    return os.path.isdir(folder) and not os.path.islink(folder) and found.st_uid == os.geteuid()
