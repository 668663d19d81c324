# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What outlives the agent: the memory of a boot, the record of a job, the lock."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.agent import state
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.job.exit_codes import Flags
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.state import (
    JobRecord,
    Lock,
    SavedState,
    Store,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError

UUID = "3e7031fe-0000-4000-8000-000000000001"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "state"), UUID)


def test_memory_lasts_for_a_boot(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.load_state() == SavedState(boot=store.boot)
    kept = SavedState(machine={"Uuid": UUID, "Name": "x"}, chroot="/mnt", runner_dir="/tmp/runner-1")
    store.save_state(kept)
    assert store.load_state() == kept
    monkeypatch.setattr(state, "boot_id", lambda: "another boot")
    later = Store(store.directory, UUID)
    assert later.load_state() == SavedState(boot="another boot")


def test_memory_of_another_machine_is_none(store: Store) -> None:
    store.save_state(SavedState(machine={"Uuid": "another"}))
    assert store.load_state().machine == {}


def test_a_record_lasts_longer(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    record = JobRecord(job="j", actions=["a", "b"], done=1)
    record.set_outcome("incomplete", Flags(incomplete=True, reboot=True))
    store.save_job(record, durable=True)
    monkeypatch.setattr(state, "boot_id", lambda: "another boot")
    found = Store(store.directory, UUID).load_job()
    assert found == record
    assert found is not None
    assert found.outcome == Flags(incomplete=True, reboot=True)
    assert found.boot != "another boot"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"no": "job"}', "\x00\x00"])
def test_unreadable_files_are_no_files(store: Store, text: str) -> None:
    for kind in ("job", "state"):
        (Path(store.directory) / f"{UUID}.{kind}").write_text(text)
    assert store.load_job() is None
    assert store.load_state().machine == {}


def test_members_of_a_newer_agent_are_ignored(store: Store) -> None:
    (Path(store.directory) / f"{UUID}.job").write_text('{"job": "j", "phase": "running", "new": 1}')
    assert store.load_job() == JobRecord(job="j", phase="running")


def test_files_are_private_and_replaced_whole(store: Store) -> None:
    store.save_state(SavedState())
    (path,) = Path(store.directory).iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(Path(store.directory).stat().st_mode) == 0o700


def test_a_full_disk_is_a_complaint(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    store.save_job(JobRecord(job="old"))
    monkeypatch.setattr(os, "write", full)
    store.save_job(JobRecord(job="new"))
    assert "No space left" in store.write_error
    assert store.load_job() == JobRecord(job="old", boot=store.boot)


def test_forgetting(store: Store) -> None:
    record = JobRecord(job="j")
    store.save_job(record)
    Path(store.job_dir("j"), "spool").mkdir(parents=True)
    assert store.saved_jobs() == ["j"]
    store.delete_job(record)
    assert store.load_job() is None
    assert store.saved_jobs() == []


def test_the_lock(store: Store) -> None:
    assert Lock.holder(store.directory, UUID) is None
    store.lock()
    assert Lock.holder(store.directory, UUID) is not None
    with pytest.raises(UsageError, match="already runs for machine"):
        Store(store.directory, UUID).lock()
    Store(store.directory, "another").lock()
    store.unlock()
    assert Lock.holder(store.directory, UUID) is None


def test_a_lock_that_outlives_its_agent_for_a_moment(store: Store) -> None:
    """As when the agent is killed just after it has forked."""
    go, let_go = os.pipe()
    agent = os.fork()
    if not agent:
        try:
            store.lock()
            if not os.fork():
                os.close(let_go)
                os.read(go, 1)
        finally:
            os._exit(0)
    os.waitpid(agent, 0)
    assert Lock.holder(store.directory, UUID) == agent
    threading.Timer(0.2, os.close, [let_go]).start()
    store.lock()
    os.close(go)
    assert Lock.holder(store.directory, UUID) == os.getpid()


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="state_dir"):
        Store(str(tmp_path / "file/below"), UUID)
