# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account of one object that is waited for."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.waiting.predicates import (
    Compare,
    and_items,
    equal_item,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.waiting.watch import (
    COMPLETE,
    DELETED,
    FAILED,
    PENDING,
    Watch,
)

NOBODY = "00000000-0000-0000-0000-000000000000"
DONE = equal_item("Stage", "done")
BROKEN = Compare("Job.State", "equals", "failed")


def watch(**more: t.Any) -> Watch:
    return Watch("machines", "u1", DONE, **more)


def machine(stage: str, job: str = "") -> dict[str, t.Any]:
    return {"Uuid": "u1", "Stage": stage, "CurrentJob": job}


def job(uuid: str, state: str) -> dict[str, t.Any]:
    return {"Uuid": uuid, "Machine": "u1", "State": state}


def test_pending_until_it_holds() -> None:
    one = watch()
    assert one.pending
    one.observe(machine("first"), 1)
    assert (one.outcome, one.item) == (PENDING, machine("first"))
    one.observe(machine("done"), 2)
    assert one.outcome == COMPLETE


def test_the_outcome_stays() -> None:
    one = watch()
    one.observe(machine("done"), 1)
    one.observe(machine("first"), 2)
    one.observe(None, 3)
    assert (one.outcome, one.item) == (COMPLETE, machine("done"))


def test_deletion() -> None:
    one = watch()
    one.observe(machine("first"), 1)
    one.observe(None, 2)
    assert (one.outcome, one.item) == (DELETED, machine("first"))


def test_deletion_that_was_waited_for() -> None:
    one = Watch("machines", "u1", and_items(), until_deleted=True)
    one.observe(machine("done"), 1)
    assert one.pending, "and_items() holds, but only the deletion counts"
    one.observe(None, 2)
    assert one.outcome == COMPLETE


def test_failure_stops_the_wait_for_a_deletion() -> None:
    one = Watch("machines", "u1", and_items(), equal_item("Stage", "stuck"), until_deleted=True)
    one.observe(machine("stuck"), 1)
    assert one.outcome == FAILED


def test_until_comes_before_fail_when() -> None:
    one = watch(fail_when=DONE)
    one.observe(machine("done"), 1)
    assert one.outcome == COMPLETE


def test_fail_when() -> None:
    one = watch(fail_when=equal_item("Stage", "stuck"))
    one.observe(machine("first"), 1)
    assert one.pending
    one.observe(machine("stuck"), 2)
    assert one.outcome == FAILED


# -- jobs


@pytest.mark.parametrize("nobody", ["", NOBODY, None])
def test_a_machine_without_a_job(nobody: str | None) -> None:
    one = watch(fail_when=BROKEN, with_job=True)
    one.observe({**machine("first"), "CurrentJob": nobody}, 1)
    assert (one.current_job, one.job_is_unread, one.job) == ("", False, None)
    assert one.view["Job"] == {}
    one.observe(machine("done"), 2)
    assert one.outcome == COMPLETE


def test_nothing_is_decided_before_the_job_is_known() -> None:
    one = watch(fail_when=BROKEN, with_job=True)
    one.observe(machine("done", "j1"), 1)
    assert one.job_is_unread
    assert one.pending
    one.observe_job(job("j1", "running"), 2)
    assert one.outcome == COMPLETE


def test_a_job_is_not_asked_for_where_no_condition_looks_at_it() -> None:
    one = watch()
    one.observe(machine("first", "j1"), 1)
    assert not one.job_is_unread
    assert "Job" not in one.view


def test_a_failing_job() -> None:
    one = watch(fail_when=BROKEN, with_job=True)
    one.observe(machine("first", "j1"), 1)
    one.observe_job(job("j1", "running"), 2)
    assert one.pending
    one.observe_job(job("j1", "failed"), 3)
    assert one.outcome == FAILED


def test_the_next_job_is_told_before_its_machine() -> None:
    one = watch(fail_when=BROKEN, with_job=True)
    one.observe(machine("first", "j1"), 1)
    one.observe_job(job("j1", "finished"), 2)
    one.observe_job(job("j2", "created"), 3)
    assert one.job == job("j1", "finished"), "it counts once the machine names it"
    one.observe(machine("first", "j2"), 4)
    assert (one.job, one.job_is_unread) == (job("j2", "created"), False)


def test_a_job_that_is_not_current_decides_nothing() -> None:
    one = watch(fail_when=BROKEN, with_job=True)
    one.observe(machine("first", "j2"), 1)
    one.observe_job(job("j1", "failed"), 2)
    assert one.pending
    assert one.job_is_unread


def test_only_jobs_that_matter_are_kept() -> None:
    one = watch(with_job=True)
    one.observe(machine("first", "j0"), 0)
    for number in range(100):
        one.observe_job(job(f"j{number}", "created"), number)
        one.observe(machine("first", f"j{number}"), number)
    assert len(one._jobs) <= 2
    one.forget_jobs()
    assert one.job_is_unread


# -- stable_for


def test_it_has_to_hold_for_long_enough() -> None:
    one = watch()
    one.observe(machine("done"), 10, stable_for=5)
    assert (one.outcome, one.met_since) == (PENDING, 10)
    one.observe(machine("done"), 12, stable_for=5)
    assert one.met_since == 10
    assert not one.is_stable(14.9, 5)
    assert one.is_stable(15, 5)


def test_a_break_begins_it_anew() -> None:
    one = watch()
    one.observe(machine("done"), 10, stable_for=5)
    one.observe(machine("first"), 12, stable_for=5)
    assert one.met_since is None
    assert not one.is_stable(99, 5)
    one.observe(machine("done"), 13, stable_for=5)
    assert not one.is_stable(17, 5)
    assert one.is_stable(18, 5)


def test_what_has_an_outcome_is_not_ripe() -> None:
    one = watch(fail_when=equal_item("Stage", "stuck"))
    one.observe(machine("done"), 10, stable_for=5)
    one.observe(machine("stuck"), 11, stable_for=5)
    assert one.outcome == FAILED
    assert not one.is_stable(99, 5)


@given(st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=30), st.integers(1, 8))
def test_ripe_means_held_without_a_break(steps: list[tuple[int, bool]], stable_for: int) -> None:
    one, now, since = watch(), 0, None
    for pause, holds in steps:
        now += pause
        one.observe(machine("done" if holds else "first"), now, stable_for)
        since = (now if since is None else since) if holds else None
        assert one.is_stable(now, stable_for) is (since is not None and now - since >= stable_for)
        assert one.pending
