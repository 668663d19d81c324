# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""One job, from its first action to the moment at which the server knows its outcome.

Each step is noted before it counts, so that a runner made from the notes of another goes on where that one
was: it does not repeat a finished action, finds a script that is still running, and sends what was not sent.
"""

from __future__ import annotations

import datetime
import os
import time
import typing as t

from ...client.client import Object
from ...client.errors import ApiError, Conflict, DrpError, NotFound
from ...client.objects.jobs import job_actions
from ..checkpoints import reached
from ..context import AgentContext
from ..retry import Stopped, StopSignal, retry_until
from ..script import chroot, scripts, supervised
from ..script.launch import ScriptRun
from ..script.scripts import OS_NAME, Action, CannotStart
from ..script.spool import Spool, missing
from ..script.task_files import remove_tree
from ..state import ENDED, ENDING, RUNNING, JobRecord
from . import exit_codes, job_requests
from .exit_codes import FAILED, ActionOutcome, Flags, outcome_of
from .job_log import JobLog

_SHORT = 0.02
"""Seconds that a script may take whose log is sent when it has ended."""
_SERVER_ERRORS = 3
"""After so many answers of 500 to the request for the actions, the job fails."""


_UNUSABLE = (OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What content that nobody has foreseen ends in; the job fails then, and not the agent."""


class RunnerFailed(Exception):
    """The job has failed for a reason that is not the outcome of a script."""


class TaskRunner:
    """Runs the job of a :class:`.state.JobRecord`."""

    def __init__(self, agent_context: AgentContext, machine: Object, record: JobRecord, job: Object) -> None:
        self.job = job
        self._agent_context = agent_context
        self._machine = machine
        self._record = record
        self._problem = ""
        self._script_timeout: float | None = None
        spool = Spool(agent_context.store.spool_dir(record.job), agent_context.runner_settings.spool_limit)
        self._log = JobLog(
            agent_context.client,
            record.job,
            spool,
            agent_context.stop_signal,
            fresh=record.fresh,
            backoff=agent_context.backoff(),
            report=agent_context.report,
        )

    @property
    def name(self) -> str:
        return str(self.job["Task"])

    @property
    def title(self) -> str:
        """``Workflow:Stage:Task``."""
        return ":".join(str(self.job.get(name) or "") for name in ("Workflow", "Stage", "Task"))

    def run(self) -> Flags:
        """What the task asks of the agent, once the server knows the outcome.

        Raises RunnerFailed when the job has failed for another reason than a script, Stopped when the agent
        must end before the server knows the outcome, and the server's error when it does not know the job.
        """
        if self._record.phase not in (ENDING, ENDED):
            self._run_task()
        if self._record.phase == ENDING:
            self._finish_job()
        if self._problem:
            raise RunnerFailed(self._problem)
        return self._record.outcome

    def close(self) -> None:
        self._log.close()

    # -- working

    def _run_task(self) -> None:
        try:
            self._start_job()
            action_outcome = self._perform_or_stop(self._read_actions())
        except CannotStart as problem:
            self._problem = str(problem)
            self._log.write_line(self._problem)
            action_outcome = ActionOutcome(False, "failed", FAILED)
        self._record.set_outcome(action_outcome.state, action_outcome.flags)
        self._record.closing_at = self._log.spool.end_offset()
        self._save("outcome saved")

    def _start_job(self) -> None:
        record = self._record
        if self.job["State"] != "running":
            self.job = self._retry(lambda: job_requests.start(self._agent_context.client, self.job))
        reached("job running")
        if not self._log.spool.end_offset():
            self._log.write_line(f"Starting task {self.title} on {self._machine.get('Name')}")
        else:
            self._log_interruption()
        record.phase = RUNNING
        if not record.task_dir or not os.path.isdir(record.task_dir):
            record.task_dir = self._agent_context.task_dir(self.name, record.job)
            record.done, record.begun, record.actions = 0, False, []
        reached("task directory made")

    def _log_interruption(self) -> None:
        """Say that there was a break, unless a script is writing this very log."""
        if not (self._record.begun and supervised.find_running(self._run_dir)):
            self._log.write_line("The agent was interrupted and continues the job")

    def _read_actions(self) -> list[Action]:
        refused = 0

        def ask() -> list[dict[str, t.Any]]:
            nonlocal refused
            try:
                return job_actions(self._agent_context.client, self._record.job, OS_NAME)
            except ApiError as error:
                refused += error.code == 500
                if error.code == 422 or refused >= _SERVER_ERRORS:
                    raise CannotStart(f"Failed to render actions: {error}") from error
                raise

        try:
            actions = scripts.actions_for(self._retry(ask))
            names = [str(action["Name"]) for action in actions]
        except _UNUSABLE as error:
            raise CannotStart(f"The actions of the job cannot be used: {_said(error)}") from error
        if names != self._record.actions:
            self._record.actions, self._record.done, self._record.begun = names, 0, False
        reached("actions read")
        return actions

    def _perform_or_stop(self, actions: t.Sequence[Action]) -> ActionOutcome:
        try:
            return self._perform_all(actions)
        except Stopped:
            self._record.stopped = True
            self._log.write_line("The agent is stopping: the job is left incomplete")
            return ActionOutcome(False, "incomplete", Flags(incomplete=True))

    def _perform_all(self, actions: t.Sequence[Action]) -> ActionOutcome:
        record = self._record
        action_outcome = ActionOutcome(True, "finished", Flags())
        for number in range(record.done, len(actions)):
            if self._agent_context.stop_signal.requested and not record.begun:
                raise Stopped
            final = number == len(actions) - 1
            try:
                flags = self._perform(actions[number])
            except _UNUSABLE as error:
                name = actions[number].get("Name")
                raise CannotStart(f"Action {name} cannot be performed: {_said(error)}") from error
            action_outcome = outcome_of(flags, final, self._agent_context.runner_settings.strict)
            if not action_outcome.continues:
                break
            if not final:  # the outcome follows, and is saved then
                record.done, record.begun = number + 1, False
                self._agent_context.store.save_job(record, durable=True)
            reached("action done")
        return action_outcome

    def _perform(self, action: Action) -> Flags:
        if not action.get("Path"):
            return self._run_script(action)
        reached("action saved")
        target = scripts.target_path(action, self._record.task_dir, self._record.chroot)
        self._log.write_line(f"{_now()}: Writing {action['Name']} to {target}")
        self._write(action, target)
        self._log.write_line(f"Action {action['Name']} finished")
        reached("action written")
        return Flags()

    def _run_script(self, action: Action) -> Flags:
        running = supervised.find_running(self._run_dir) if self._record.begun else None
        if running is None:
            running = self._start(action)
        result = self._wait_for(running)
        reached("script ended")
        if result.error:
            what = "" if result.unprepared else f"Cannot start the script of {action['Name']}: "
            raise CannotStart(f"{what}{result.error}")
        if result.stopped:
            raise Stopped
        if result.lost:
            self._log.write_line(f"Action {action['Name']} was killed together with its supervisor")
        if result.log_incomplete:
            self._log.write_line(f"\n{missing(result.missing)}\nCommand exited with status {result.code}")
            self._log.write_line(f"Action {action['Name']} finished")
        if result.holds_output:
            self._log.write_line(
                "Processes that the script left running still hold its output: their later output is not kept"
            )
        if result.lost or result.timed_out:
            return FAILED
        if not result.code:
            return Flags()  # the same in both tables, so the right one need not be determined
        return exit_codes.flags_of(result.code, self._sane())

    def _start(self, action: Action) -> supervised.RunningScript:
        record, agent_context = self._record, self._agent_context
        name = scripts.script_name(action, self.name)
        environment = agent_context.environment_for(self.job).environment(record.task_dir)

        record.begun = True
        self._save("action saved")
        path = os.path.join(record.task_dir, name)
        script_run = ScriptRun(
            name=name,
            content=str(action["Content"]),
            command=scripts.command_of(action, name),
            environment=environment,
            task_dir=record.task_dir,
            run_dir=self._run_dir,
            spool_dir=self._log.spool.folder,
            spool_limit=self._log.spool.limit,
            timeout=self._timeout(),
            kill_grace=agent_context.runner_settings.kill_grace,
            chroot=record.chroot,
            bind_mounts=[agent_context.runner_dir],
            log_header=f"Starting command {path}\n\n\nCommand running\n",
            log_footer=f"Action {action['Name']} finished\n",
            echo=agent_context.runner_settings.echo,
        )
        try:
            running = agent_context.supervision.start(script_run)
        except OSError as error:
            raise CannotStart(f"Cannot start {path}: {error.strerror or error}") from error
        self._wait_for_files(name, running.is_prepared, running.kill)
        reached("script started")
        return running

    def _write(self, action: Action, target: str) -> None:
        """Have the supervisor write a file."""
        record = self._record
        secrets = {self._agent_context.client.token(), str(self.job.get("Token") or "")}
        try:
            file = self._agent_context.supervision.write_file(action, record.task_dir, secrets, record.chroot)
        except OSError as error:
            raise CannotStart(f"Cannot write {target}: {error.strerror or error}") from error
        problem: str | None = None

        def is_done(seconds: float) -> bool:
            nonlocal problem
            problem = file.wait(seconds)
            return problem is not None

        self._wait_for_files(target, is_done, file.kill)
        if problem:
            raise CannotStart(problem)

    def _wait_for_files(
        self, what: str, is_done: t.Callable[[float], bool], kill: t.Callable[[], None]
    ) -> None:
        """Wait for who makes them; neither a file system that hangs nor a device keeps us from the end."""
        signal, timeout = self._agent_context.stop_signal, self._timeout()
        began, stop_at = time.monotonic(), float("inf")
        if is_done(_SHORT):
            return
        self._log.send_in_background()
        while not is_done(StopSignal.POLL_INTERVAL):
            signal.heartbeat()
            now = time.monotonic()
            if timeout and now - began >= timeout:
                kill()
                raise CannotStart(f"Cannot write {what}: it took longer than {timeout:g} s (task_timeout)")
            if signal.requested:
                stop_at = min(stop_at, now + self._agent_context.runner_settings.kill_grace)
            if now >= stop_at:
                kill()
                raise Stopped

    def _timeout(self) -> float:
        """Seconds for each script of this job; asked for once."""
        if self._script_timeout is None:
            self._script_timeout = float(self._retry(lambda: self._agent_context.timeout_for(self.name)))
        return self._script_timeout

    def _wait_for(self, running: supervised.RunningScript) -> supervised.ScriptResult:
        asked = False
        result = running.wait(_SHORT)
        if result is None:
            self._log.send_in_background()
        while result is None and (result := running.wait(StopSignal.POLL_INTERVAL)) is None:
            self._agent_context.stop_signal.heartbeat()
            if self._agent_context.stop_signal.requested and not asked:
                running.stop()
                asked = True
        if result.lost and self._record.chroot:
            chroot.unmount(self._record.chroot, (self._agent_context.runner_dir,))
        return result

    def _sane(self) -> bool:
        """Which table counts: a file in the task directory selects the sane one, else the task does."""
        if os.path.isfile(os.path.join(self._record.task_dir, exit_codes.SANE_MARKER)):
            return True
        task = self._retry(lambda: self._agent_context.client.find("tasks", self.name))
        return exit_codes.uses_sane_codes(task or {})

    # -- ending

    def _finish_job(self) -> None:
        """Update the server: first the machine, then the whole log, then the outcome."""
        record = self._record
        lines = [f"Task {self.name} {record.final_state}"]
        if record.outcome.any:
            lines.append(self._make_not_runnable())
        reached("machine not runnable")
        lines.append(f"Updated job for {self.title} to {record.final_state}")
        lines += exit_codes.signal_lines(record.outcome)
        if self._log.spool.end_offset() <= record.closing_at:
            self._log.write_line("\n".join(lines))
        self._log.flush()
        reached("log complete")
        exit_state = ActionOutcome(False, record.final_state, record.outcome).exit_state
        try:
            self._retry(
                lambda: job_requests.end(self._agent_context.client, self.job, record.final_state, exit_state)
            )
        except (Conflict, NotFound) as error:
            self._agent_context.report(f"Failed to update job {record.job} to {record.final_state}: {error}")
        record.phase = ENDED
        if record.outcome.any:  # else it does no harm to end it once more
            self._agent_context.store.save_job(record)
        reached("job ended")
        if record.task_dir:
            remove_tree(record.task_dir)

    def _make_not_runnable(self) -> str:
        """Make the owner of the job not runnable; what the log says about that."""
        owner, tries = self._agent_context.served.owner_of(self.job), 0
        own = owner == self._agent_context.served
        name = f"{owner.word} {self._machine.get('Name') if own else owner.uuid}"

        def stop() -> None:
            nonlocal tries
            tries += 1
            job_requests.make_not_runnable(self._agent_context.client, owner)

        try:
            self._retry(stop)
        except Conflict as error:
            if tries == 1 and error.attempts == 1:  # else only the answer to an earlier try was lost
                return f"The {name} is not runnable already"
        except DrpError as error:
            return f"Failed to mark {name} as not runnable: {error}"
        return f"Marked {name} as not runnable"

    # -- helpers

    @property
    def _run_dir(self) -> str:
        return self._agent_context.store.run_dir(self._record.job)

    def _save(self, checkpoint: str) -> None:
        self._agent_context.store.save_job(self._record)
        reached(checkpoint)

    def _retry(self, operation: t.Callable[[], t.Any]) -> t.Any:
        agent_context = self._agent_context
        return retry_until(
            operation,
            agent_context.stop_signal,
            agent_context.backoff(),
            on_error=lambda error: agent_context.report(
                f"Job {self._record.job} is waiting for the server: {error}"
            ),
        )


def _said(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
