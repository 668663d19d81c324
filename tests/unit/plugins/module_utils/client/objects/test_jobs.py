# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a job's log, however it is cut into pieces on its way."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import jobs


def tail(pieces: t.Iterable[bytes], lines: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    def job_log(client: t.Any, job: str, target: t.BinaryIO) -> int:
        return sum(target.write(piece) for piece in pieces)

    monkeypatch.setattr(jobs, "job_log", job_log)
    return jobs.job_log_tail(t.cast(t.Any, None), "j1", lines)


@given(st.lists(st.text(st.characters(exclude_characters="\n\r"), max_size=12)), st.integers(1, 9), st.data())
def test_the_last_lines(lines: list[str], count: int, data: st.DataObject) -> None:
    log = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(log)), max_size=5)))
    pieces = [log[start:end] for start, end in zip([0, *cuts], [*cuts, len(log)])]
    expected = [line.encode("utf-8", "surrogatepass").decode("utf-8", "replace") for line in lines]
    with pytest.MonkeyPatch.context() as patched:
        assert tail(pieces, count, patched) == expected[-count:]


@pytest.mark.parametrize(
    ("log", "count", "told"),
    [
        (b"", 5, []),
        (b"\n", 5, [""]),
        (b"a\r\nb\r\n", 5, ["a", "b"]),
        (b"a\nb", 5, ["a", "b"]),
        (b"a\nb", 1, ["b"]),
        (b"a\nb\n", 0, []),
        (b"a\nb\n", -1, []),
        (b"\xff\xfe\n", 5, ["��"]),
        (b"x" * 2000 + b"\n", 5, ["x" * 2000]),
        (b"x" * 2001 + b"\n", 5, ["x" * 2000 + "..."]),
        (b"x" * 100_000, 5, ["x" * 2000 + "..."]),
        ("ü".encode() * 50_000 + b"\nend\n", 5, ["ü" * 2000 + "...", "end"]),
    ],
)
def test_ends(log: bytes, count: int, told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = [log[start : start + 1000] for start in range(0, len(log), 1000)]
    assert tail(pieces, count, monkeypatch) == told
