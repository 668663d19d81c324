# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The state machine: one method per state, each of which decides what the next state is.

``machine`` is the snapshot, the agent's only memory of the machine.  When it is *not* replaced matters as
much as when it is: only against the snapshot from before a request can be seen what the server did during it.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from ..client.client import Object
from ..client.errors import DrpError
from .checkpoints import reached
from .context import Workbench
from .host import reboot as rebooting
from .host.power import Power
from .job import change_stage
from .job import job_requests as offers
from .job.change_stage import BadMap, Target
from .job.current_job import JobDesk, NotRunnable
from .job.exit_codes import Flags
from .job.task_runner import RunnerFailed
from .machine_watch import COMPLETE, INTERRUPT, MachineWatch, Test, changed_from, ready, runnable
from .retry import Backoff, Stopped, patiently
from .script import chroot
from .state import Memory, Record

_KEXEC_PATIENCE = 300.0


class State(enum.IntEnum):
    INIT = 0
    WAIT_FOR_RUNNABLE = 1
    RUN_TASK = 2
    WAIT_FOR_CHANGE_STAGE = 3
    CHANGE_STAGE = 4
    EXIT = 5
    REBOOT = 6
    POWEROFF = 7
    KEXEC = 8


_AFTER = {
    rebooting.Way.EXIT: State.EXIT,
    rebooting.Way.REBOOT: State.REBOOT,
    rebooting.Way.KEXEC: State.KEXEC,
}


@dataclasses.dataclass(frozen=True)
class Options:
    """How an agent behaves; times are seconds."""

    exit_on_not_runnable: bool = False
    """A wait that times out ends the agent."""
    exit_on_failure: bool = False
    """A failed task ends the agent, as does an error of its own."""
    make_runnable: bool = False
    """Make the machine runnable when this is the first agent since it was started."""
    timeout: float = 3600.0
    """The limit of one wait."""
    pause: float = 5.0
    """After an error; doubled each time up to ``longest_pause``, and jittered."""
    longest_pause: float = 60.0


class AgentFailed(Exception):
    """The agent ends because of this."""


class MachineAgent:
    """Runs the jobs of one machine until something ends it."""

    def __init__(self, bench: Workbench, machine: Object, power: Power, options: Options) -> None:
        self.machine = machine
        self.state = State.INIT
        self.error: Exception | None = None
        """The last error, until INIT is entered again."""
        self.on_state: t.Callable[[State], None] = lambda _state: None
        self._bench = bench
        self._client = bench.client
        self._power = power
        self._options = options
        self._desk = JobDesk(bench, str(machine["Uuid"]))
        self._watch: MachineWatch | None = None
        self._chroot = ""
        self._memory = Memory()
        self._backoff = Backoff(options.pause, options.longest_pause)
        self._handlers: dict[State, t.Callable[[], None]] = {
            State.INIT: self.init,
            State.WAIT_FOR_RUNNABLE: self.wait_for_runnable,
            State.RUN_TASK: self.run_task,
            State.WAIT_FOR_CHANGE_STAGE: self.wait_for_change_stage,
            State.CHANGE_STAGE: self.change_stage,
            State.KEXEC: self.kexec,
        }

    def run(self) -> None:
        """Returns when the agent has ended as it should; raises AgentFailed or PowerFailed otherwise."""
        self._recall()
        try:
            while True:
                self.on_state(self.state)
                if self.state in (State.REBOOT, State.POWEROFF):
                    self.leave()
                    return
                if self.state == State.EXIT and not self.exit():
                    break
                if self.state in self._handlers:
                    self._handlers[self.state]()
                self._keep()
        finally:
            self._drop_watch()
        if self.error is not None:
            raise AgentFailed(str(self.error)) from self.error

    # -- states

    def init(self) -> None:
        """See what was going on, have an event stream, then wait for work, or go on with the job at hand."""
        self._bench.report("Agent in init")
        self.error = None
        self._drop_watch()
        if self._bench.pulse.stopping:
            self.state = State.EXIT
            return
        try:
            self._desk.settle()
            self._watch = MachineWatch(self._client, self._uuid, self._bench.pulse)
        except DrpError as error:
            self._fail(error, State.INIT)
            return
        self.state = State.RUN_TASK if self._desk.record else State.WAIT_FOR_RUNNABLE

    def wait_for_runnable(self) -> None:
        self._bench.report("Agent waiting for tasks")
        self._bench.report("Waiting on machine to become runnable")
        self._wait(runnable)

    def wait_for_change_stage(self) -> None:
        self._bench.report("Agent waiting stage change")
        self._bench.report("Waiting for system to be runnable and for stage or current tasks to change")
        self._wait(changed_from(self.machine))

    def run_task(self) -> None:
        """One job.  The snapshot stays as it is, whatever the server does while it answers."""
        self._bench.report("Agent running task")
        try:
            offer = self._desk.next(self._chroot)
            self._backoff.reset()
            if offer is None:
                self.state = self._without_job()
            else:
                self._run_job(*offer)
        except NotRunnable:
            self.state = State.WAIT_FOR_CHANGE_STAGE
        except Stopped:
            self.state = State.EXIT
        except (DrpError, RunnerFailed, OSError) as error:
            self._fail(error, State.INIT)

    def change_stage(self) -> None:
        """Where the map leads; the choice is acted upon only after the machine has been moved."""
        self._bench.report("Agent changing stage")
        self.state = State.WAIT_FOR_CHANGE_STAGE
        try:
            step = change_stage.next_step(self._client, self.machine)
            if step is None:
                return
            stage = self._client.get("stages", step.stage)
            self._choose_after_stage(stage, step.target)
            self._bench.report(f"Changing stage from {self.machine.get('Stage')} to {step.stage}")
            self.machine = offers.change_stage(self._client, self.machine, step.stage)
        except (DrpError, BadMap) as error:
            self._fail(error, State.INIT)

    def exit(self) -> bool:
        """Whether there is more to do: leaving a chroot is not the end."""
        if self._chroot and not self._bench.pulse.stopping:
            self._bench.report(f"Agent exiting chroot {self._chroot}")
            self._chroot = ""
            self.wait_for_runnable()
            return self.state != State.EXIT
        self._bench.report("Agent exiting")
        return False

    def kexec(self) -> None:
        """Start the staged kernel; if the machine is still there after a while, it is rebooted."""
        self._bench.report("Attempting to kexec")
        self.state = State.EXIT if self._bench.context else State.REBOOT
        if self.state == State.REBOOT and self._power.enabled and self._power.kexec():
            self._bench.pulse.sleep(_KEXEC_PATIENCE)

    def leave(self) -> None:
        """REBOOT and POWEROFF.  PowerFailed when the command does not work."""
        off = self.state == State.POWEROFF
        self._bench.report("Agent powering off" if off else "Agent rebooting")
        self._drop_watch()
        if not self._power.enabled or self._bench.context:
            return
        rebooting.boot_from_network_next(self._bench)
        if off:
            self._power.poweroff()
        else:
            self._power.reboot()

    # -- jobs

    def _run_job(self, record: Record, job: Object) -> None:
        name = str(job["Task"])
        if name.startswith(chroot.TASK):
            self._enter_chroot(record, job)
            return
        if ":" in name:
            self._settle_server_job(record, job)
            return
        runner = self._desk.runner(self.machine, record, job)
        indexes = f"({job.get('CurrentIndex')}:{job.get('NextIndex')})"
        self._bench.report(f"Runner created for task {runner.title} {indexes}")
        try:
            flags = runner.run()
        except RunnerFailed:
            self._desk.done(record)
            raise
        finally:
            runner.close()
        self._after_job(record, flags)

    def _after_job(self, record: Record, flags: Flags) -> None:
        """What the task asked for; first match wins."""
        self.state = State.WAIT_FOR_RUNNABLE
        if self._bench.pulse.stopping:
            self._memory.stopped_at_work = record.stopped
            self.state = State.EXIT
        elif record.stopped:
            self._make_runnable()
        elif record.stale:
            pass  # what it asked for has happened: the machine was started anew
        elif flags.reboot:
            self._reboot_or_exit(stage_kernel=False)
        elif flags.poweroff:
            self.state = State.POWEROFF
        elif flags.stop or (flags.failed and self._options.exit_on_failure):
            self.state = State.EXIT
        self._keep()
        self._desk.done(record)
        reached("end acted upon")

    def _without_job(self) -> State:
        if self._chroot:
            return State.EXIT
        if not self.machine.get("Workflow"):
            self._bench.report("Current tasks finished, check to see if stage needs to change")
            return State.CHANGE_STAGE
        self._bench.report("Current tasks finished, wait for stage or bootenv to change")
        return State.WAIT_FOR_CHANGE_STAGE

    def _enter_chroot(self, record: Record, job: Object) -> None:
        """The jobs that follow run in a chroot; this one has nothing else to say."""
        directory = str(job["Task"])[len(chroot.TASK) :]
        problem = chroot.problem(directory)
        if job["State"] in offers.OPEN:
            offers.settle(self._client, job, failed=bool(problem))
        self._desk.done(record)
        if problem:
            offers.make_not_runnable(self._client, self._uuid)
            raise RunnerFailed(problem)
        self._bench.prepare_chroot()
        self._chroot = directory
        self.state = State.WAIT_FOR_RUNNABLE

    def _settle_server_job(self, record: Record, job: Object) -> None:
        """A job that the server did itself."""
        self._desk.done(record)
        self.state = State.WAIT_FOR_RUNNABLE
        if job["State"] == "running":
            raise RunnerFailed(f"Job {job['Uuid']} ({job['Task']}) is running somewhere else")
        if job["State"] not in offers.ENDED:
            raise RunnerFailed(f"Invalid job state returned: {job['State']} for {job['Task']}")
        if job["State"] == "failed" and self._options.exit_on_failure:
            self.state = State.EXIT

    # -- waiting

    def _wait(self, condition: Test) -> None:
        """The core of both waits.  The snapshot is replaced only when the wait is complete."""
        if self._watch is None:
            self.state = State.INIT
            return
        test = ready(condition, self.machine, self._bench.context)
        try:
            result, found = self._watch.wait(test, self._options.timeout)
        except DrpError as error:
            self._fail(error, State.INIT)
            return
        self._bench.report(f"Wait: finished with {result}")
        if result == COMPLETE and found is not None:
            self._backoff.reset()
            self._after_wait(found)
        elif result == INTERRUPT or self._options.exit_on_not_runnable:
            self.state = State.EXIT

    def _after_wait(self, found: Object) -> None:
        context = self._bench.context
        if found.get("BootEnv") != self.machine.get("BootEnv") and not context:
            self._reboot_or_exit(stage_kernel=True)
        elif (found.get("Context") or "") == context:
            self.state = State.RUN_TASK if found.get("Runnable") else State.WAIT_FOR_RUNNABLE
        self.machine = found

    # -- reboots

    def _choose_after_stage(self, stage: Object, target: Target) -> None:
        """The boot environment decides; the word of the map overrides it, the stage's Reboot both."""
        bootenv = stage.get("BootEnv") or ""
        moves = bool(bootenv) and bootenv != self.machine.get("BootEnv")
        self.state = State.WAIT_FOR_RUNNABLE
        if stage.get("Reboot") or target == Target.REBOOT or (moves and target == Target.NONE):
            self._reboot_or_exit(stage_kernel=True)
        elif target == Target.STOP:
            self.state = State.EXIT
        elif target == Target.SHUTDOWN:
            self.state = State.POWEROFF

    def _reboot_or_exit(self, stage_kernel: bool) -> None:
        self.state = _AFTER[rebooting.choose(self._bench, self.machine, self._power, stage_kernel)]

    # -- errors

    def _fail(self, error: Exception, otherwise: State) -> None:
        """EXIT with the error where errors end the agent; else go on with ``otherwise`` after a pause."""
        self._bench.report(f"Error during run: {error}")
        self.error = error
        if self._options.exit_on_failure:
            self.state = State.EXIT
            return
        self.state = otherwise
        self._bench.pulse.sleep(self._backoff.next())
        if self._bench.pulse.stopping:
            self.error, self.state = None, State.EXIT

    # -- memory

    @property
    def _uuid(self) -> str:
        return str(self.machine["Uuid"])

    def _recall(self) -> None:
        """Go on from what an earlier agent of this boot knew: a boot environment that has changed is seen."""
        memory = self._memory = self._bench.store.recall()
        self._chroot = memory.chroot
        memory.runner_dir = self._bench.choose_runner_dir(memory.runner_dir)
        self._desk.forget_strays()
        live = self.machine
        if memory.machine:
            self.machine = memory.machine
        flags = [flag.strip() for flag in str((live.get("Meta") or {}).get("feature-flags") or "").split(",")]
        old_way = "original-change-stage" in flags or "change-stage-v2" not in flags
        launched = self._options.make_runnable and (not memory.machine or memory.stopped_at_work)
        memory.stopped_at_work = False
        if (old_way or launched) and not self._bench.context:
            made = self._make_runnable()
            self.machine = memory.machine or made
        moved = live.get("BootEnv") != self.machine.get("BootEnv")
        if moved and not self._bench.context and self._bench.store.record() is None:
            self._reboot_or_exit(stage_kernel=True)
        self._keep()

    def _make_runnable(self) -> Object:
        operations = [{"op": "replace", "path": "/Runnable", "from": "", "value": True}]
        try:
            return patiently(
                lambda: self._client.patch("machines", self._uuid, operations),
                self._bench.pulse,
                self._bench.backoff(),
                limit=0 if self._options.exit_on_failure else None,
            )
        except DrpError as error:
            raise AgentFailed(f"Failed to mark machine runnable: {error}") from error

    def _keep(self) -> None:
        self._memory.machine, self._memory.state = self.machine, self.state.name
        self._memory.chroot = self._chroot
        self._bench.store.keep(self._memory)
        if self._bench.store.complaint:
            self._bench.report(self._bench.store.complaint)

    def _drop_watch(self) -> None:
        if self._watch is not None:
            self._watch.close()
        self._watch = None
