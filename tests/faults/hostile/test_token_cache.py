# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another user has been at the place for tokens before us."""

from __future__ import annotations

import os
import stat
import threading
import typing as t
from pathlib import Path

import pytest
from patience import LIMIT
from rogue_server import answer

from ansible_collections.digitalrebar.provision.plugins.module_utils import runner
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.token_cache import (
    CachedToken,
    TokenCache,
)
from ansible_collections.digitalrebar.provision.plugins.modules import drp_info

from .conftest import PASSWORD

LIFE = CachedToken("token", 0, 1e12)


def used(cache: TokenCache) -> CachedToken | None:
    """All that is ever done with a cache, within a few seconds; what it holds at the end."""
    found: list[CachedToken | None] = []

    def work() -> None:
        with cache.lock():
            cache.load()
            cache.store(LIFE)
        cache.drop("another")
        found.append(cache.load())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(LIMIT)
    assert not thread.is_alive(), "it hangs"
    return found[0]


def cache_in(folder: Path) -> TokenCache:
    return TokenCache(str(folder), "https://drp.example.com", "ann")


def test_as_it_should_be(world: Path) -> None:
    cache = cache_in(world / "mine")
    assert used(cache) == LIFE
    assert cache.problem == ""
    assert stat.S_IMODE((world / "mine/ansible").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (world / "mine/ansible").iterdir()} == {0o600}


@pytest.mark.parametrize("step", ["cache", "cache/ansible"])
def test_a_link_to_a_folder_of_the_victim(world: Path, tmp_path: Path, stranger: int, step: str) -> None:
    victim = tmp_path / "victim"
    victim.mkdir(mode=0o755)
    (world / step).parent.mkdir(exist_ok=True)
    (world / step).symlink_to(victim)
    os.chown(world / step, stranger, stranger, follow_symlinks=False)
    cache = cache_in(world / "cache")
    assert used(cache) is None
    assert "link" in cache.problem
    assert stat.S_IMODE(victim.stat().st_mode) == 0o755
    assert list(victim.iterdir()) == []


def test_links_of_ours_are_meant(world: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (world / "cache").symlink_to("../disk")
    assert used(cache_in(world / "cache")) == LIFE
    assert (tmp_path / "disk/ansible").is_dir()


def test_a_folder_of_the_attacker(world: Path, stranger: int) -> None:
    (world / "ansible").mkdir(mode=0o777)
    os.chown(world / "ansible", stranger, stranger)
    before = (world / "ansible").stat()
    cache = cache_in(world)
    assert used(cache) is None
    assert "another user" in cache.problem
    assert list((world / "ansible").iterdir()) == []
    assert (world / "ansible").stat().st_mode == before.st_mode


@pytest.mark.parametrize("suffix", ["json", "lock"])
@pytest.mark.parametrize("plant", ["fifo", "link", "hard link", "folder", "socket", "foreign"])
def test_planted_entries(world: Path, tmp_path: Path, suffix: str, plant: str) -> None:
    cache = cache_in(world)
    used(cache)
    target = next((world / "ansible").glob(f"*.{suffix}"))
    target.unlink()
    victim = tmp_path / "victim"
    victim.write_text("precious")
    victim.chmod(0o600)
    if plant == "fifo":
        os.mkfifo(target)
    elif plant == "link":
        target.symlink_to(victim)
    elif plant == "hard link":
        os.link(victim, target)
    elif plant == "folder":
        target.mkdir()
    elif plant == "socket":
        os.mknod(target, stat.S_IFSOCK | 0o600)
    else:
        if os.geteuid():
            pytest.skip("only root can act as another user")
        target.write_text("{}")
        os.chown(target, 54321, 54321)
    used(cache)
    assert cache.problem
    assert victim.read_text() == "precious"


GARBAGE = ["[" * 100_000, '{"token": 1}', "\xff", "NaN", '{"token": "x", "issued": 1e999}', ""]


@pytest.mark.parametrize("text", GARBAGE)
def test_garbage_in_an_entry(world: Path, text: str) -> None:
    cache = cache_in(world)
    used(cache)
    entry = next((world / "ansible").glob("*.json"))
    entry.write_text(text, encoding="latin-1")
    assert cache.load() is None
    assert used(cache) == LIFE


def test_one_warning_and_the_work_is_done(serve: t.Any, world: Path, stranger: int) -> None:
    (world / "ansible").mkdir()
    os.chown(world / "ansible", stranger, stranger)
    server = serve(lambda _request: [answer([])])
    options = {"endpoint": server.url, "username": "ann", "password": PASSWORD, "token_cache": str(world)}
    spec = drp_info.SPEC["argument_spec"]
    given = {**{name: each.get("default") for name, each in spec.items()}, **options, "kind": "machines"}
    result = runner.run(drp_info.run, given, environ={})
    assert not result.get("failed")
    assert len(result["warnings"]) == 1
    assert "token_cache" in result["warnings"][0]
