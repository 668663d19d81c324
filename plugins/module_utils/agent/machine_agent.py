# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The state machine: one method per state, which returns the next state.

``machine`` is the snapshot, the agent's only memory of the machine.  When it is *not* replaced matters as
much as when it is: only against the snapshot from before a request can be seen what the server did during it.
"""

from __future__ import annotations

import typing as t

from ..client.client import Object
from ..client.errors import DrpError
from .checkpoints import reached
from .context import AgentContext
from .host import reboot
from .host.power import Power
from .job import change_stage, job_requests
from .job.change_stage import InvalidStageMap, PowerAction
from .job.current_job import CurrentJob, NotRunnable
from .job.exit_codes import Flags
from .job.task_runner import RunnerFailed
from .machine_watch import COMPLETE, INTERRUPT, Condition, MachineWatch, changed_from, ready, runnable
from .retry import Backoff, Stopped, retry_until
from .script import chroot
from .served import TaskOwner
from .state import JobRecord, SavedState
from .states import AgentFailed, Options, State

_KEXEC_TIMEOUT = 300.0


_STATE_FOR_REBOOT = {
    reboot.RebootKind.STAY: State.WAIT_FOR_RUNNABLE,
    reboot.RebootKind.EXIT: State.EXIT,
    reboot.RebootKind.REBOOT: State.REBOOT,
    reboot.RebootKind.KEXEC: State.KEXEC,
    reboot.RebootKind.POWEROFF: State.POWEROFF,
}


class MachineAgent:
    """Runs the jobs of one machine until something ends it."""

    def __init__(self, agent_context: AgentContext, machine: Object, power: Power, options: Options) -> None:
        self.machine = machine
        self.state = State.INIT
        self.error: Exception | None = None
        """The last error, until INIT is entered again."""
        self.on_state: t.Callable[[State], None] = lambda _state: None
        self._agent_context = agent_context
        self._client = agent_context.client
        self._served = agent_context.served
        self._power = power
        self._options = options
        self._current_job = CurrentJob(agent_context)
        self._watch: MachineWatch | None = None
        self._chroot = ""
        self._saved_state = SavedState()
        self._backoff = Backoff(options.retry_pause, options.max_retry_pause)
        self._handlers: dict[State, t.Callable[[], None]] = {
            State.INIT: self.init,
            State.WAIT_FOR_RUNNABLE: self.wait_for_runnable,
            State.RUN_TASK: self.run_task,
            State.WAIT_FOR_CHANGE_STAGE: self.wait_for_change_stage,
            State.CHANGE_STAGE: self.change_stage,
            State.KEXEC: self.kexec,
        }

    def run(self) -> None:
        """Returns when the agent has ended normally; raises AgentFailed or PowerFailed otherwise."""
        self._restore_state()
        try:
            while True:
                self.on_state(self.state)
                if self.state in (State.REBOOT, State.POWEROFF):
                    self.reboot_or_poweroff()
                    return
                if self.state == State.EXIT and not self.exit():
                    break
                if self.state in self._handlers:
                    self._handlers[self.state]()
                self._save_state()
        finally:
            self._close_watch()
        if self.error is not None:
            raise AgentFailed(str(self.error)) from self.error

    # -- states

    def init(self) -> None:
        """See what was going on, have an event stream, then wait for work, or go on with the job at hand."""
        self._agent_context.report("Agent in init")
        self.error = None
        self._close_watch()
        if self._agent_context.stop_signal.requested:
            self.state = State.EXIT
            return
        try:
            self._current_job.recover()
            self._watch = MachineWatch(self._client, self._served, self._agent_context.stop_signal)
        except DrpError as error:
            self._fail(error, State.INIT)
            return
        self.state = State.RUN_TASK if self._current_job.record else State.WAIT_FOR_RUNNABLE

    def wait_for_runnable(self) -> None:
        self._agent_context.report("Agent waiting for tasks")
        self._agent_context.report(f"Waiting on {self._served.word} to become runnable")
        self._agent_context.report_work_orders(self.machine)
        self._wait(runnable)

    def wait_for_change_stage(self) -> None:
        self._agent_context.report("Agent waiting stage change")
        self._agent_context.report(
            "Waiting for system to be runnable and for stage or current tasks to change"
        )
        self._agent_context.report_work_orders(self.machine)
        self._wait(changed_from(self.machine))

    def run_task(self) -> None:
        """One job.  The snapshot stays as it is, whatever the server does while it answers."""
        self._agent_context.report("Agent running task")
        try:
            received = self._current_job.resume_or_request(self._chroot)
            self._backoff.reset()
            if received is None:
                self.state = self._state_without_job()
            else:
                self._run_job(*received)
        except NotRunnable:
            self.state = State.WAIT_FOR_CHANGE_STAGE
        except Stopped:
            self.state = State.EXIT
        except (DrpError, RunnerFailed, OSError) as error:
            self._fail(error, State.INIT)

    def change_stage(self) -> None:
        """Where the map leads; the choice is acted upon only after the machine has been moved."""
        self._agent_context.report("Agent changing stage")
        self.state = State.WAIT_FOR_CHANGE_STAGE
        try:
            change = change_stage.next_stage(self._client, self._served, self.machine)
            if change is None:
                return
            stage = self._client.get("stages", change.stage)
            self._choose_after_stage(stage, change.action)
            self._agent_context.report(f"Changing stage from {self.machine.get('Stage')} to {change.stage}")
            self.machine = job_requests.change_stage(
                self._client, self._served, self.machine, change.stage
            )
        except (DrpError, InvalidStageMap) as error:
            self._fail(error, State.INIT)

    def exit(self) -> bool:
        """Whether there is more to do: leaving a chroot is not the end."""
        if self._chroot and not self._agent_context.stop_signal.requested:
            self._agent_context.report(f"Agent exiting chroot {self._chroot}")
            self._chroot = ""
            self.wait_for_runnable()
            return self.state != State.EXIT
        self._agent_context.report("Agent exiting")
        return False

    def kexec(self) -> None:
        """Start the staged kernel; if the machine is still there after a while, it is rebooted."""
        self._agent_context.report("Attempting to kexec")
        self.state = State.EXIT if self._agent_context.context else State.REBOOT
        if self.state == State.REBOOT and self._power.enabled and self._power.kexec():
            self._agent_context.stop_signal.sleep(_KEXEC_TIMEOUT)

    def reboot_or_poweroff(self) -> None:
        """REBOOT and POWEROFF.  PowerFailed when the command does not work."""
        off = self.state == State.POWEROFF
        self._agent_context.report("Agent powering off" if off else "Agent rebooting")
        self._close_watch()
        if not self._power.enabled or self._agent_context.context:
            return
        reboot.boot_from_network_next(self._agent_context)
        if off:
            self._power.poweroff()
        else:
            self._power.reboot()

    # -- jobs

    def _run_job(self, record: JobRecord, job: Object) -> None:
        name = str(job["Task"])
        if name.startswith(chroot.TASK_PREFIX):
            self._enter_chroot(record, job)
            return
        if ":" in name:
            self._handle_server_job(record, job)
            return
        runner = self._current_job.runner(self.machine, record, job)
        indexes = f"({job.get('CurrentIndex')}:{job.get('NextIndex')})"
        self._agent_context.report(f"Runner created for task {runner.title} {indexes}")
        try:
            flags = runner.run()
        except RunnerFailed:
            self._current_job.clear(record)
            raise
        finally:
            runner.close()
        self._after_job(record, flags)

    def _after_job(self, record: JobRecord, flags: Flags) -> None:
        """What the task asked for; first match wins."""
        self.state = State.WAIT_FOR_RUNNABLE
        if self._agent_context.stop_signal.requested:
            self._saved_state.stopped_at_work = record.stopped
            self.state = State.EXIT
        elif record.stopped:
            self._make_runnable()
        elif record.stale:
            pass  # what it asked for has happened: the machine was started anew
        elif flags.reboot:
            self._reboot_or_exit(use_kexec=False)
        elif flags.poweroff:
            self._power_off()
        elif flags.stop or (flags.failed and self._options.exit_on_failure):
            self.state = State.EXIT
        self._save_state()
        self._current_job.clear(record)
        reached("outcome applied")

    def _state_without_job(self) -> State:
        if self._chroot:
            return State.EXIT
        if not self.machine.get("Workflow"):
            self._agent_context.report("Current tasks finished, check to see if stage needs to change")
            return State.CHANGE_STAGE
        self._agent_context.report("Current tasks finished, wait for stage or bootenv to change")
        return State.WAIT_FOR_CHANGE_STAGE

    def _enter_chroot(self, record: JobRecord, job: Object) -> None:
        """The jobs that follow run in a chroot; this one has nothing else to say."""
        directory = str(job["Task"])[len(chroot.TASK_PREFIX) :]
        problem = chroot.problem(directory)
        if job["State"] in job_requests.OPEN:
            job_requests.finish_without_running(self._client, job, failed=bool(problem))
        self._current_job.clear(record)
        if problem:
            job_requests.make_not_runnable(self._client, self._served.owner_of(job))
            raise RunnerFailed(problem)
        self._agent_context.prepare_chroot()
        self._chroot = directory
        self.state = State.WAIT_FOR_RUNNABLE

    def _handle_server_job(self, record: JobRecord, job: Object) -> None:
        """A job that the server did itself."""
        self._current_job.clear(record)
        self.state = State.WAIT_FOR_RUNNABLE
        if job["State"] == "running":
            raise RunnerFailed(f"Job {job['Uuid']} ({job['Task']}) is running somewhere else")
        if job["State"] not in job_requests.ENDED:
            raise RunnerFailed(f"Invalid job state returned: {job['State']} for {job['Task']}")
        if job["State"] == "failed" and self._options.exit_on_failure:
            self.state = State.EXIT

    # -- waiting

    def _wait(self, condition: Condition) -> None:
        """The core of both waits.  The snapshot is replaced only when the wait is complete."""
        if self._watch is None:
            self.state = State.INIT
            return
        test = ready(condition, self.machine, self._agent_context.context)
        try:
            result, found = self._watch.wait(test, self._options.wait_timeout)
        except DrpError as error:
            self._fail(error, State.INIT)
            return
        self._agent_context.report(f"Wait: finished with {result}")
        if result == COMPLETE and found is not None:
            self._backoff.reset()
            self._after_wait(found)
        elif result == INTERRUPT or self._options.exit_on_not_runnable:
            self.state = State.EXIT

    def _after_wait(self, found: Object) -> None:
        context = self._agent_context.context
        if found.get("BootEnv") != self.machine.get("BootEnv") and not context:
            self._reboot_or_exit(use_kexec=True)
        elif (found.get("Context") or "") == context:
            self.state = State.RUN_TASK if found.get("Runnable") else State.WAIT_FOR_RUNNABLE
        self.machine = found

    # -- reboots

    def _choose_after_stage(self, stage: Object, action: PowerAction) -> None:
        """The boot environment decides; the word of the map overrides it, the stage's Reboot both."""
        bootenv = stage.get("BootEnv") or ""
        moves = bool(bootenv) and bootenv != self.machine.get("BootEnv")
        self.state = State.WAIT_FOR_RUNNABLE
        if stage.get("Reboot") or action == PowerAction.REBOOT or (moves and action == PowerAction.NONE):
            self._reboot_or_exit(use_kexec=True)
        elif action == PowerAction.STOP:
            self.state = State.EXIT
        elif action == PowerAction.SHUTDOWN:
            self._power_off()

    def _reboot_or_exit(self, use_kexec: bool) -> None:
        self.state = _STATE_FOR_REBOOT[
            reboot.choose_reboot(self._agent_context, self.machine, self._power, use_kexec)
        ]

    def _power_off(self) -> None:
        self.state = _STATE_FOR_REBOOT[reboot.choose_poweroff(self._agent_context)]

    # -- errors

    def _fail(self, error: Exception, next_state: State) -> None:
        """EXIT with the error where errors end the agent; else go on with ``next_state`` after a pause."""
        self._agent_context.report(f"Error during run: {error}")
        self.error = error
        if self._options.exit_on_failure:
            self.state = State.EXIT
            return
        self.state = next_state
        self._agent_context.stop_signal.sleep(self._backoff.next())
        if self._agent_context.stop_signal.requested:
            self.error, self.state = None, State.EXIT

    # -- memory

    def _restore_state(self) -> None:
        """Go on from what an earlier agent of this boot knew: a boot environment that has changed is seen."""
        saved_state = self._saved_state = self._agent_context.store.load_state()
        self._chroot = saved_state.chroot
        saved_state.runner_dir = self._agent_context.choose_runner_dir(saved_state.runner_dir)
        self._current_job.remove_other_jobs()
        live = self.machine
        if saved_state.machine:
            self.machine = saved_state.machine
        flags = [flag.strip() for flag in str((live.get("Meta") or {}).get("feature-flags") or "").split(",")]
        legacy_change_stage = "original-change-stage" in flags or "change-stage-v2" not in flags
        launched = self._options.make_runnable and (not saved_state.machine or saved_state.stopped_at_work)
        saved_state.stopped_at_work = False
        if (legacy_change_stage or launched) and not self._agent_context.context:
            made = self._make_runnable(self._served)
            self.machine = saved_state.machine or made
        moved = live.get("BootEnv") != self.machine.get("BootEnv")
        if moved and not self._agent_context.context and self._agent_context.store.load_job() is None:
            self._reboot_or_exit(use_kexec=True)
        self._save_state()

    def _make_runnable(self, owner: TaskOwner) -> Object:
        try:
            return retry_until(
                lambda: job_requests.make_runnable(self._client, owner),
                self._agent_context.stop_signal,
                self._agent_context.backoff(),
                limit=0 if self._options.exit_on_failure else None,
            )
        except DrpError as error:
            raise AgentFailed(f"Failed to mark {owner.word} runnable: {error}") from error

    def _save_state(self) -> None:
        self._saved_state.machine, self._saved_state.state = self.machine, self.state.name
        self._saved_state.chroot = self._chroot
        self._agent_context.store.save_state(self._saved_state)
        if self._agent_context.store.write_error:
            self._agent_context.report(self._agent_context.store.write_error)

    def _close_watch(self) -> None:
        if self._watch is not None:
            self._watch.close()
        self._watch = None
