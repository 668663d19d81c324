# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""One job, from its first action to the moment at which the server knows its outcome.

Each step is noted before it counts, so that a runner made from the notes of another goes on where that one
was: it does not repeat a finished action, finds a script that is still running, and sends what was not sent.
"""

from __future__ import annotations

import datetime
import os
import shutil
import typing as t

from ...client.client import Object
from ...client.errors import ApiError, Conflict, DrpError, NotFound
from ...client.objects.jobs import job_actions
from ..checkpoints import reached
from ..context import Workbench
from ..retry import Pulse, Stopped, patiently
from ..script import chroot, scripts, supervised
from ..script.launch import Launch
from ..script.scripts import SYSTEM, Action, CannotStart
from ..state import ENDED, ENDING, RUNNING, Record
from . import exit_codes
from . import job_requests as offers
from .exit_codes import FAILED, Flags, Verdict, verdict
from .job_log import JobLog
from .spool import Spool, missing

_SERVER_ERRORS = 3
"""So many answers of 500 to the question for the actions are believed."""


class RunnerFailed(Exception):
    """The job has failed for a reason that is not the outcome of a script."""


class TaskRunner:
    """Runs the job of a :class:`.state.Record`."""

    def __init__(self, bench: Workbench, machine: Object, record: Record, job: Object) -> None:
        self.job = job
        self._bench = bench
        self._machine = machine
        self._record = record
        self._problem = ""
        self._seconds: float | None = None
        spool = Spool(bench.store.spool_of(record.job), bench.manners.spool_limit)
        self._log = JobLog(
            bench.client,
            record.job,
            spool,
            bench.pulse,
            fresh=record.fresh,
            backoff=bench.backoff(),
            report=bench.report,
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

        Raises RunnerFailed when the job has failed without a script's doing, Stopped when the agent must end
        before the server could be told, and what the server answers when it disowns the job.
        """
        if self._record.phase not in (ENDING, ENDED):
            self._work()
        if self._record.phase == ENDING:
            self._end()
        if self._problem:
            raise RunnerFailed(self._problem)
        return self._record.outcome

    def close(self) -> None:
        self._log.close()

    # -- working

    def _work(self) -> None:
        try:
            self._begin()
            decided = self._perform_or_stop(self._read_actions())
        except CannotStart as problem:
            self._problem = str(problem)
            self._log.line(self._problem)
            decided = Verdict(False, "failed", FAILED)
        self._record.decide(decided.state, decided.flags)
        self._record.closing_at = self._log.spool.end()
        self._note("end noted")

    def _begin(self) -> None:
        record = self._record
        if self.job["State"] != "running":
            self.job = self._patiently(lambda: offers.start(self._bench.client, self.job))
        reached("job running")
        if not self._log.spool.end():
            self._log.line(f"Starting task {self.title} on {self._machine.get('Name')}")
        elif record.phase == RUNNING:
            self._log_return()
        record.phase = RUNNING
        if not record.task_dir or not os.path.isdir(record.task_dir):
            record.task_dir = self._bench.task_dir(self.name)
            record.done, record.begun, record.actions = 0, False, []
        self._note("task directory made")

    def _log_return(self) -> None:
        """Say that there was a break, unless a script is writing this very log."""
        if not (self._record.begun and supervised.find(self._run_folder)):
            self._log.line("The agent was interrupted, and goes on with the job")

    def _read_actions(self) -> list[Action]:
        refused = 0

        def ask() -> list[dict[str, t.Any]]:
            nonlocal refused
            try:
                return job_actions(self._bench.client, self._record.job, SYSTEM)
            except ApiError as error:
                refused += error.code == 500
                if error.code == 422 or refused >= _SERVER_ERRORS:
                    raise CannotStart(f"Failed to render actions: {error}") from error
                raise

        actions = scripts.actions_for(self._patiently(ask))
        names = [str(action["Name"]) for action in actions]
        if names != self._record.actions:
            self._record.actions, self._record.done, self._record.begun = names, 0, False
        reached("actions read")
        return actions

    def _perform_or_stop(self, actions: t.Sequence[Action]) -> Verdict:
        try:
            return self._perform_all(actions)
        except Stopped:
            self._record.stopped = True
            self._log.line("The agent is ending: the job is left incomplete")
            return Verdict(False, "incomplete", Flags(incomplete=True))

    def _perform_all(self, actions: t.Sequence[Action]) -> Verdict:
        record = self._record
        decided = Verdict(True, "finished", Flags())
        if not record.done and not record.begun and any(not action.get("Path") for action in actions):
            scripts.write_helper(record.task_dir)
        for number in range(record.done, len(actions)):
            if self._bench.pulse.stopping and not record.begun:
                raise Stopped
            final = number == len(actions) - 1
            flags = self._perform(actions[number])
            decided = verdict(flags, final, self._bench.manners.strict)
            if not decided.go_on:
                break
            record.done, record.begun = number + 1, False
            self._note("action done", lasting=not final)
        return decided

    def _perform(self, action: Action) -> Flags:
        if not action.get("Path"):
            return self._run_script(action)
        self._note("action noted")
        target = scripts.target_of(action, self._record.task_dir, self._record.chroot)
        self._log.line(f"{_now()}: Writing {action['Name']} to {target}")
        secrets = {self._bench.client.token(), str(self.job.get("Token") or "")}
        scripts.expand(action, self._record.task_dir, secrets, self._record.chroot)
        self._log.line(f"Action {action['Name']} finished")
        reached("action written")
        return Flags()

    def _run_script(self, action: Action) -> Flags:
        running = supervised.find(self._run_folder) if self._record.begun else None
        if running is None:
            running = self._start(action)
        ending = self._wait_for(running)
        reached("script ended")
        if ending.error:
            raise CannotStart(f"Cannot start the script of {action['Name']}: {ending.error}")
        if ending.stopped:
            raise Stopped
        if ending.lost:
            self._log.line(f"Action {action['Name']} was killed together with its supervisor")
        if ending.unsaid:
            self._log.line(f"\n{missing(ending.missing)}\nCommand exited with status {ending.code}")
            self._log.line(f"Action {action['Name']} finished")
        if ending.left:
            self._log.line(
                "Processes that the script has left behind hold its output: what they say later is not kept"
            )
        if ending.lost or ending.timed_out:
            return FAILED
        if not ending.code:
            return Flags()  # by either table, so that nobody has to be asked for the right one
        return exit_codes.flags_of(ending.code, self._sane())

    def _start(self, action: Action) -> supervised.Running:
        record, bench = self._record, self._bench
        name = scripts.write_script(action, self.name, record.task_dir)
        environment = bench.surroundings(self.job).environment(record.task_dir)
        command = scripts.command_of(action, name)
        scripts.check_startable(command, record.task_dir, environment.get("PATH", os.defpath), record.chroot)
        record.begun = True
        self._note("action noted")
        path = os.path.join(record.task_dir, name)
        work = Launch(
            command=command,
            environment=environment,
            directory=record.task_dir,
            folder=self._run_folder,
            spool=self._log.spool,
            timeout=self._timeout(),
            grace=bench.manners.kill_grace,
            root=record.chroot,
            binds=(bench.runner_dir,),
            opening=f"Starting command {path}\n\n\nCommand running\n",
            closing=f"Action {action['Name']} finished\n",
            echo=bench.manners.echo,
        )
        try:
            running = supervised.start(work)
        except OSError as error:
            raise CannotStart(f"Cannot start {path}: {error.strerror or error}") from error
        reached("script started")
        return running

    def _timeout(self) -> float:
        """Seconds for each script of this job; asked for once."""
        if self._seconds is None:
            self._seconds = float(self._patiently(lambda: self._bench.timeout_for(self.name)))
        return self._seconds

    def _wait_for(self, running: supervised.Running) -> supervised.Ending:
        asked = False
        while (ending := running.wait(Pulse.SLICE)) is None:
            self._bench.pulse.beat()
            if self._bench.pulse.stopping and not asked:
                running.stop()
                asked = True
        if ending.lost and self._record.chroot:
            chroot.undo(self._record.chroot, (self._bench.runner_dir,))
        return ending

    def _sane(self) -> bool:
        """Which table counts: a file in the task directory selects the sane one, else the task does."""
        if os.path.isfile(os.path.join(self._record.task_dir, exit_codes.SANE_MARKER)):
            return True
        task = self._patiently(lambda: self._bench.client.find("tasks", self.name))
        return exit_codes.uses_sane_codes(task or {})

    # -- ending

    def _end(self) -> None:
        """Tell the server: first the machine, then the whole log, then the outcome."""
        record = self._record
        lines = [f"Task {self.name} {record.final_state}"]
        if record.outcome.any:
            lines.append(self._stop_machine())
        reached("machine not runnable")
        lines.append(f"Updated job for {self.title} to {record.final_state}")
        lines += _signals(record.outcome)
        if self._log.spool.end() <= record.closing_at:
            self._log.line("\n".join(lines))
        self._log.flush()
        reached("log complete")
        exit_state = Verdict(False, record.final_state, record.outcome).exit_state
        try:
            self._patiently(lambda: offers.end(self._bench.client, self.job, record.final_state, exit_state))
        except (Conflict, NotFound) as error:
            self._bench.report(f"Failed to update job {record.job} to {record.final_state}: {error}")
        record.phase = ENDED
        self._note("job ended")
        if record.task_dir:
            shutil.rmtree(record.task_dir, ignore_errors=True)

    def _stop_machine(self) -> str:
        """Make the machine not runnable; what the log says about that."""
        name, tries = self._machine.get("Name"), 0

        def stop() -> None:
            nonlocal tries
            tries += 1
            offers.make_not_runnable(self._bench.client, str(self._machine["Uuid"]))

        try:
            self._patiently(stop)
        except Conflict as error:
            if tries == 1 and error.attempts == 1:  # else only the answer to an earlier try was lost
                return f"Machine {name} is not runnable already"
        except DrpError as error:
            return f"Failed to mark machine {name} as not runnable: {error}"
        return f"Marked machine {name} as not runnable"

    # -- helpers

    @property
    def _run_folder(self) -> str:
        return self._bench.store.run_of(self._record.job)

    def _note(self, checkpoint: str, lasting: bool = False) -> None:
        self._bench.store.note(self._record, lasting)
        reached(checkpoint)

    def _patiently(self, work: t.Callable[[], t.Any]) -> t.Any:
        bench = self._bench
        return patiently(
            work,
            bench.pulse,
            bench.backoff(),
            told=lambda error: bench.report(f"Job {self._record.job} waits: {error}"),
        )


def _signals(outcome: Flags) -> list[str]:
    lines = [
        f"Task signalled runner to {word}"
        for word in ("reboot", "poweroff", "stop")
        if getattr(outcome, word)
    ]
    if outcome.failed:
        lines.append("Task signalled that it failed")
    if outcome.incomplete:
        lines.append("Task signalled that it was incomplete")
    elif not outcome.failed:
        lines.append("Task signalled that it finished normally")
    return lines


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
