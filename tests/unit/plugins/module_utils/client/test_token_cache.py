# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens on disk: who may read them, and fifty processes that want one at once."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from patience import LIMIT

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.auth import UserSession
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.token_cache import (
    CachedToken,
    TokenCache,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.transport import Transport

ENDPOINT, USER = "https://drp:8092", "rocketskates"
TOKEN = CachedToken("secret", 100.0, 700.0)


def files(folder: Path) -> list[Path]:
    return sorted((folder / "ansible").glob("*.json"))


@pytest.fixture
def cache(tmp_path: Path) -> TokenCache:
    return TokenCache(str(tmp_path), ENDPOINT, USER)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_store_and_load(cache: TokenCache, tmp_path: Path) -> None:
    assert cache.load() is None
    cache.store(TOKEN)
    assert cache.load() == TOKEN
    assert TokenCache(str(tmp_path), ENDPOINT, USER).load() == TOKEN
    newer = CachedToken("newer", 200.0, 800.0)
    cache.store(newer)
    assert cache.load() == newer


def test_nobody_else_can_read_it(cache: TokenCache, tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        cache.store(TOKEN)
        with cache.lock():
            pass
    finally:
        os.umask(previous)
    assert mode(tmp_path / "ansible") == 0o700
    assert {mode(path) for path in (tmp_path / "ansible").iterdir()} == {0o600}
    assert len(list((tmp_path / "ansible").iterdir())) == 2


def test_a_folder_that_is_too_open_is_closed(cache: TokenCache, tmp_path: Path) -> None:
    (tmp_path / "ansible").mkdir(mode=0o755)
    cache.store(TOKEN)
    assert mode(tmp_path / "ansible") == 0o700


@pytest.mark.parametrize("wrong", [0o640, 0o604, 0o660, 0o644, 0o777])
def test_a_file_that_others_could_have_read_or_written_is_ignored(
    cache: TokenCache, tmp_path: Path, wrong: int
) -> None:
    cache.store(TOKEN)
    files(tmp_path)[0].chmod(wrong)
    assert cache.load() is None
    cache.store(TOKEN)
    assert cache.load() == TOKEN


def test_a_link_is_not_followed(cache: TokenCache, tmp_path: Path) -> None:
    cache.store(TOKEN)
    [path] = files(tmp_path)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert cache.load() is None
    cache.store(TOKEN)
    assert not path.is_symlink()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"token": "x"',
        b'{"token": "x"}',
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"token": "x", "issued": "soon", "expires": 1}',
        b'{"token": "x", "issued": null, "expires": 1}',
    ],
)
def test_half_files_are_ignored(cache: TokenCache, tmp_path: Path, content: bytes) -> None:
    cache.store(TOKEN)
    files(tmp_path)[0].write_bytes(content)
    assert cache.load() is None


def test_entries_of_users_and_endpoints_do_not_meet(tmp_path: Path) -> None:
    caches = [
        TokenCache(str(tmp_path), endpoint, user)
        for endpoint in ("https://a", "https://b")
        for user in ("u", "../u", ".rocketskates.token")
    ]
    for number, cache in enumerate(caches):
        cache.store(CachedToken(str(number), 1, 2))
    assert [cache.load() for cache in caches] == [CachedToken(str(n), 1, 2) for n in range(len(caches))]
    assert len(files(tmp_path)) == len(caches)
    assert list(tmp_path.iterdir()) == [tmp_path / "ansible"]


def test_a_store_that_fails_leaves_the_old_entry_and_no_rest(
    cache: TokenCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.store(TOKEN)

    def fail(*_paths: Any, **_folders: Any) -> None:
        raise OSError

    monkeypatch.setattr(os, "replace", fail)
    cache.store(CachedToken("new", 1, 2))
    assert cache.load() == TOKEN
    assert len(list((tmp_path / "ansible").iterdir())) == 1


def test_drop(cache: TokenCache) -> None:
    cache.drop()
    cache.store(TOKEN)
    cache.drop("another")
    assert cache.load() == TOKEN
    cache.drop("secret")
    assert cache.load() is None
    cache.store(TOKEN)
    cache.drop()
    assert cache.load() is None


def test_a_cache_that_cannot_be_used_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = TokenCache(str(tmp_path / "file"), ENDPOINT, USER)
    cache.store(TOKEN)
    cache.drop("x")
    with cache.lock():
        assert cache.load() is None


@pytest.mark.parametrize(
    ("now", "usable", "fresh"),
    [
        (99, False, False),
        (100, True, True),
        (399, True, True),
        (400, True, False),
        (699, True, False),
        (700, False, False),
    ],
)
def test_ages(now: float, usable: bool, fresh: bool) -> None:
    assert (TOKEN.usable(now), TOKEN.fresh(now)) == (usable, fresh)


def _log_in(endpoint: str, folder: str, start: Any, results: Any) -> None:
    start.wait(LIMIT)
    cache = TokenCache(folder, endpoint, USER)
    session = UserSession(Transport(endpoint), USER, "r0cket:sk8ts", cache)
    results.put(session.token())


@pytest.mark.parametrize("before", [None, "expired"])
def test_fifty_processes_log_in_once(stub: Any, tmp_path: Path, before: str | None) -> None:
    if before:
        long_ago = time.time() - 1000
        TokenCache(str(tmp_path), stub.endpoint, USER).store(CachedToken(before, long_ago, long_ago + 600))
    context = multiprocessing.get_context("fork")
    start, results = context.Event(), context.Queue()
    processes = [
        context.Process(target=_log_in, args=(stub.endpoint, str(tmp_path), start, results), daemon=True)
        for _ in range(50)
    ]
    try:
        for process in processes:
            process.start()
        start.set()
        tokens = [results.get(timeout=LIMIT) for _ in processes]
    finally:
        for process in processes:
            process.join(LIMIT)
            process.kill()
    assert len(stub.logins("Basic")) <= 2
    assert set(tokens) <= stub.tokens
    assert json.loads(files(tmp_path)[0].read_text())["token"] in stub.tokens
