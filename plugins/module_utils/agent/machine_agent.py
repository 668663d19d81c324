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
from .host.leaving import Leaving
from .host.power import Power
from .job import change_stage, job_requests
from .job.change_stage import InvalidStageMap
from .job.current_job import CurrentJob, NotRunnable
from .job.exit_codes import Flags
from .job.task_runner import RunnerFailed
from .job.work_orders import WorkOrders
from .machine_watch import (
    COMPLETE,
    INTERRUPT,
    Condition,
    MachineWatch,
    changed_from,
    in_work_order_mode,
    ready,
    runnable,
)
from .retry import Backoff, Stopped, retry_until
from .script import chroot
from .served import TaskOwner
from .state import JobRecord, SavedState
from .states import AgentFailed, Options, State


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
        self._leaving = Leaving(agent_context, power)
        self._options = options
        self._current_job = CurrentJob(agent_context)
        self._orders = WorkOrders(self._client, self._served, agent_context.context, self._report)
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
            State.WAIT_FOR_WORKORDER: self.wait_for_work_order,
            State.PICK_WORKORDER: self.pick_work_order,
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
            self._agent_context.supervision.let_go()
        if self.error is not None:
            raise AgentFailed(str(self.error)) from self.error

    # -- states

    def init(self) -> None:
        """See what was going on, have an event stream, then wait for work, or go on with the job at hand."""
        self._report("Agent in init")
        self.error = None
        self._close_watch()
        if self._agent_context.stop_signal.requested:
            self.state = State.EXIT
            return
        try:
            self._current_job.recover()
            self._watch = MachineWatch(
                self._client,
                self._served,
                self._agent_context.stop_signal,
                on_idle=self._agent_context.supervision.let_go,
            )
        except DrpError as error:
            self._fail(error, State.INIT)
            return
        self.state = State.RUN_TASK if self._current_job.record else State.WAIT_FOR_RUNNABLE

    def wait_for_runnable(self) -> None:
        self._report("Agent waiting for tasks")
        self._report(f"Waiting on {self._served.word} to become runnable")
        self._wait(runnable)

    def wait_for_change_stage(self) -> None:
        self._report("Agent waiting stage change")
        self._report("Waiting for system to be runnable and for stage or current tasks to change")
        self._wait(changed_from(self.machine))

    def pick_work_order(self) -> None:
        """Have a work order, or wait for one; back to the workflow once the mode has ended."""
        self._report("Agent picking a work order")
        before = self._orders.owner
        try:
            found = self._served.read(self._client)
            self._after_wait(found)
            if self.state != State.PICK_WORKORDER:
                return
            picked = self._orders.pick(found)
        except DrpError as error:
            self._fail(error, State.INIT)
            return
        if before not in (self._served, self._orders.owner):
            self._chroot = ""  # that was the work order's
        if picked:
            self.state = State.RUN_TASK
        elif in_work_order_mode(found):
            self.state = State.WAIT_FOR_WORKORDER
        else:
            self._orders.release()
            self.state = State.WAIT_FOR_RUNNABLE

    def wait_for_work_order(self) -> None:
        """Until there is one, the one at hand can go on, or the mode ends."""
        self._report("Agent waiting for a work order")
        if self._orders.obstacle:
            self._report(self._orders.obstacle)
        self._wait(
            lambda machine: not in_work_order_mode(machine) or self._orders.is_worth_a_look(machine),
            self._orders.owner,
        )

    def run_task(self) -> None:
        """One job.  The snapshot stays as it is, whatever the server does while it answers."""
        self._report("Agent running task")
        try:
            received = self._current_job.resume_or_request(self._chroot, self._orders.owner)
            self._backoff.reset()
            if received is None:
                self.state = self._state_without_job()
            else:
                self._run_job(*received)
        except NotRunnable:
            self.state = self._state_without_order_job() or State.WAIT_FOR_CHANGE_STAGE
        except Stopped:
            self.state = State.EXIT
        except (DrpError, RunnerFailed, OSError) as error:
            self._fail(error, State.INIT)

    def change_stage(self) -> None:
        """Where the map leads; the choice is acted upon only after the machine has been moved."""
        self._report("Agent changing stage")
        self.state = State.WAIT_FOR_CHANGE_STAGE
        try:
            change = change_stage.next_stage(self._client, self._served, self.machine)
            if change is None:
                return
            stage = self._client.get("stages", change.stage)
            self.state = self._leaving.to_stage(self.machine, stage, change.action)
            self._report(f"Changing stage from {self.machine.get('Stage')} to {change.stage}")
            self.machine = job_requests.change_stage(self._client, self._served, self.machine, change.stage)
        except (DrpError, InvalidStageMap) as error:
            self._fail(error, State.INIT)

    def exit(self) -> bool:
        """Whether there is more to do: leaving a chroot is not the end."""
        if self._chroot and not self._agent_context.stop_signal.requested:
            self._report(f"Agent exiting chroot {self._chroot}")
            self._chroot = ""
            self.wait_for_runnable()
            return self.state != State.EXIT
        self._report("Agent exiting")
        return False

    def kexec(self) -> None:
        self._report("Attempting to kexec")
        self.state = self._leaving.kexec()

    def reboot_or_poweroff(self) -> None:
        """REBOOT and POWEROFF.  PowerFailed when the command does not work."""
        off = self.state == State.POWEROFF
        self._report("Agent powering off" if off else "Agent rebooting")
        self._close_watch()
        self._leaving.leave(self.state)

    # -- jobs

    def _run_job(self, record: JobRecord, job: Object) -> None:
        self._orders.hold(job)
        name = str(job["Task"])
        if name.startswith(chroot.TASK_PREFIX):
            self._enter_chroot(record, job)
            return
        if ":" in name:
            self._handle_server_job(record, job)
            return
        runner = self._current_job.runner(self.machine, record, job)
        indexes = f"({job.get('CurrentIndex')}:{job.get('NextIndex')})"
        self._report(f"Runner created for task {runner.title} {indexes}")
        try:
            flags = runner.run()
        except RunnerFailed:
            self._current_job.clear(record)
            raise
        finally:
            runner.close()
        self._after_job(record, flags, self._served.owner_of(job))

    def _after_job(self, record: JobRecord, flags: Flags, owner: TaskOwner) -> None:
        """What the task asked for; first match wins."""
        self.state = State.WAIT_FOR_RUNNABLE if owner == self._served else State.PICK_WORKORDER
        if self._agent_context.stop_signal.requested:
            self._saved_state.stopped_at_work = record.stopped
            self.state = State.EXIT
        elif record.stopped:
            self._make_runnable(owner)
        elif record.stale:
            pass  # what it asked for has happened: the machine was started anew
        elif flags.reboot:
            self.state = self._leaving.to_reboot(self.machine, use_kexec=False)
        elif flags.poweroff:
            self.state = self._leaving.to_power_off()
        elif flags.stop or (flags.failed and self._options.exit_on_failure):
            self.state = State.EXIT
        if self.state != State.WAIT_FOR_RUNNABLE:  # else nothing that an agent after this one would need
            self._save_state()
        self._current_job.clear(record)
        reached("outcome applied")
        if owner != self._served and self.state == State.EXIT:
            self._orders.settle_before_exit()

    def _state_without_order_job(self) -> State | None:
        """None when what is served has no current work order."""
        if self._orders.current is None:
            return None
        self._orders.nothing_to_do()
        return State.PICK_WORKORDER

    def _state_without_job(self) -> State:
        without_order_job = self._state_without_order_job()
        if without_order_job is not None:
            return without_order_job
        if self._chroot:
            return State.EXIT
        if not self.machine.get("Workflow"):
            self._report("Current tasks finished, check to see if stage needs to change")
            return State.CHANGE_STAGE
        self._report("Current tasks finished, wait for stage or bootenv to change")
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

    def _wait(self, condition: Condition, owner: TaskOwner | None = None) -> None:
        """The core of all waits.  The snapshot is replaced only when the wait is complete."""
        if self._watch is None:
            self.state = State.INIT
            return
        test = ready(condition, self.machine, self._agent_context.context)
        try:
            self._watch.follow(owner or self._served)
            result, found = self._watch.wait(test, self._options.wait_timeout)
        except DrpError as error:
            self._fail(error, State.INIT)
            return
        self._report(f"Wait: finished with {result}")
        if result == COMPLETE and found is not None:
            self._backoff.reset()
            self._after_wait(found)
        elif result == INTERRUPT or self._options.exit_on_not_runnable:
            self.state = State.EXIT

    def _after_wait(self, found: Object) -> None:
        context = self._agent_context.context
        if found.get("BootEnv") != self.machine.get("BootEnv") and not context:
            self.state = self._leaving.to_reboot(self.machine, use_kexec=True)
        elif self._orders.current is not None or in_work_order_mode(found):
            free = runnable(found) and found.get("Available") is True
            self.state = State.PICK_WORKORDER if free else State.WAIT_FOR_RUNNABLE
        elif (found.get("Context") or "") == context:
            self.state = State.RUN_TASK if found.get("Runnable") else State.WAIT_FOR_RUNNABLE
        self.machine = found

    # -- errors

    def _fail(self, error: Exception, next_state: State) -> None:
        """EXIT with the error where errors end the agent; else go on with ``next_state`` after a pause."""
        self._report(f"Error during run: {error}")
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
            # what an agent's end or the host's has interrupted goes on, like the machine itself
            for owner in self._orders.stopped(made) if launched else ():
                self._make_runnable(owner)
            self.machine = saved_state.machine or made
        moved = live.get("BootEnv") != self.machine.get("BootEnv")
        if moved and not self._agent_context.context and self._agent_context.store.load_job() is None:
            self.state = self._leaving.to_reboot(self.machine, use_kexec=True)
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
        self._saved_state.work_order = self._orders.owner.job_members.get("WorkOrder", "")
        self._saved_state.not_served = self._orders.not_served
        self._agent_context.store.save_state(self._saved_state)
        if self._agent_context.store.write_error:
            self._report(self._agent_context.store.write_error)

    def _report(self, line: str) -> None:
        self._agent_context.report(line)

    def _close_watch(self) -> None:
        if self._watch is not None:
            self._watch.close()
        self._watch = None
