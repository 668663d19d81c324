# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A document that is kept: the last one that was written whole counts, whatever happens to the file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.agent import journal
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.journal import Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def test_the_last_one_counts(path: Path) -> None:
    kept = Journal(str(path))
    assert kept.load() is None
    for number in range(5):
        kept.save({"number": number, "text": "two\nlines \u2028 \udcff"}, durable=number == 3)
        assert (
            kept.load() == Journal(str(path)).load() == {"number": number, "text": "two\nlines \u2028 \udcff"}
        )
    kept.clear()
    assert kept.load() is None
    kept.save({"number": 9})
    assert Journal(str(path)).load() == {"number": 9}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_that_an_earlier_agent_has_left(path: Path) -> None:
    """It wrote one document without a line end; and it may have been cleared by another process."""
    path.write_text('{"number": 1}')
    kept = Journal(str(path))
    assert kept.load() == {"number": 1}
    kept.save({"number": 2})
    assert kept.load() == {"number": 2}
    Journal(str(path)).clear()
    assert kept.load() is None
    Journal(str(path) + ".none").clear()


@given(st.integers(0, 60), st.sampled_from([b"", b"\0" * 7, b"{", b'{"number": 3}']))
def test_a_line_that_was_not_finished(cut: int, rubbish: bytes) -> None:
    """As after a loss of power, or a full disk: the one before it counts, and the next one again."""
    folder = Path(os.environ.get("TMPDIR", "/tmp"))
    path = folder / f"journal-{os.getpid()}"
    try:
        kept = Journal(str(path))
        kept.save({"number": 1})
        whole = path.stat().st_size
        kept.save({"number": 2, "more": "x" * 40})
        kept.close()
        cut = min(whole + cut, path.stat().st_size)
        path.write_bytes(path.read_bytes()[:cut] + rubbish)
        found = Journal(str(path)).load()
        assert found in ({"number": 1}, {"number": 2, "more": "x" * 40}, {"number": 3})
        following = Journal(str(path))
        following.save({"number": 4})
        assert Journal(str(path)).load() == {"number": 4}
        following.close()
    finally:
        path.unlink()


def test_it_does_not_grow_for_ever(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_LONGEST", 1000)
    kept = Journal(str(path))
    for number in range(200):
        kept.save({"number": number})
        assert path.stat().st_size < 1100
    assert Journal(str(path)).load() == {"number": 199}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["kept"]


def test_a_file_that_somebody_removes(path: Path) -> None:
    kept = Journal(str(path))
    kept.save({"number": 1})
    path.unlink()
    kept.save({"number": 2})
    assert Journal(str(path)).load() == {"number": 2}


def test_a_full_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a line may be there; what was kept before counts, and what can be kept later does again."""
    kept, write = Journal(str(path)), os.write
    kept.save({"number": 1})

    def some(descriptor: int, data: memoryview) -> int:
        if len(data) < 8:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[: len(data) // 2])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", some)
        with pytest.raises(OSError, match="No space left"):
            kept.save({"number": 2})
    assert kept.load() == {"number": 1}
    kept.save({"number": 3})
    assert kept.load() == {"number": 3}
