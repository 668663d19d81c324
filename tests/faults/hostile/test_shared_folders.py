# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root's agent writes where another user may write too, on a kernel that protects no links.

With ``fs.protected_symlinks`` and ``fs.protected_hardlinks`` at 1 the kernel stops some of it; nothing here
needs that, and a hard link of the tests is one that only a kernel without it lets a user make.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import stat
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from patience import eventually

from agentlab import Agents
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.script import scripts, task_files
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.state import Store
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files import own

MACHINE = "3e7031fe-0000-4000-8000-000000000001"
TIMES = 400


@pytest.fixture
def victim(world: Path) -> Path:
    """A file of root, in a folder of root."""
    folder = world.parent / "etc"
    folder.mkdir()
    path = folder / "shadow"
    path.write_text("precious")
    path.chmod(0o600)
    return path


@pytest.fixture
def home(world: Path, stranger: int) -> Path:
    """A folder of the other user, such as a home."""
    folder = world.parent / "home"
    folder.mkdir()
    os.chown(folder, stranger, stranger)
    return folder


def untouched(victim: Path) -> bool:
    state = victim.lstat()
    return (victim.read_text(), stat.S_IMODE(state.st_mode), state.st_uid) == (
        "precious",
        0o600,
        os.geteuid(),
    )


def link(path: Path, target: Path, owner: int) -> None:
    path.symlink_to(target)
    os.chown(path, owner, owner, follow_symlinks=False)


def write_job_file(path: Path) -> None:
    scripts.write_file({"Name": "part", "Path": str(path), "Content": "theirs"}, str(path.parent), ())


# -- what has been laid out before


@pytest.mark.parametrize("place", ["world", "home"])
def test_a_second_name_of_a_file_of_root(world: Path, home: Path, victim: Path, place: str) -> None:
    folder = {"world": world, "home": home}[place]
    os.link(victim, folder / "out")
    with pytest.raises(scripts.CannotStart, match="second name"):
        write_job_file(folder / "out")
    assert untouched(victim)


@pytest.mark.parametrize("place", ["world", "home"])
@pytest.mark.parametrize("below", ["shadow", "new", "new/deep/file", "../etc/shadow"])
def test_a_link_to_a_folder_of_root(
    world: Path, home: Path, victim: Path, stranger: int, place: str, below: str
) -> None:
    folder = {"world": world, "home": home}[place]
    link(folder / "link", victim.parent, stranger)
    with contextlib.suppress(scripts.CannotStart):
        write_job_file(folder / "link" / below)
    if below != "../etc/shadow":
        assert list(victim.parent.iterdir()) == [victim], "not even a folder is made there"
        assert untouched(victim)


def test_a_link_in_a_folder_that_is_theirs(home: Path, victim: Path, stranger: int) -> None:
    link(home / "out", victim, stranger)
    with pytest.raises(scripts.CannotStart, match="link of another user"):
        write_job_file(home / "out")
    assert untouched(victim)


def test_a_link_of_root_that_they_could_exchange(home: Path, victim: Path) -> None:
    (home / "out").symlink_to(victim)
    with pytest.raises(scripts.CannotStart, match="link of another user"):
        write_job_file(home / "out")
    assert untouched(victim)


def test_what_content_may_do_in_such_folders(world: Path, home: Path, stranger: int) -> None:
    """Root may write into a home, over its files, and through its own links; and into /tmp."""
    (home / "profile").write_text("old")
    os.chown(home / "profile", stranger, stranger)
    (world / "mine").mkdir()
    (world / "link").symlink_to(world / "mine")
    places = [
        home / "profile",
        home / "new",
        home / "a/b/c",
        world / "fresh",
        world / "mine/x",
        world / "link/y",
    ]
    for place in places:
        write_job_file(place)
        assert place.read_text() == "theirs"
    assert (home / "profile").stat().st_uid == stranger


@pytest.mark.parametrize("mode", [0o755, 0o777])
def test_no_runner_directory_in_a_folder_that_others_can_rename(
    agents: Agents, home: Path, world: Path, mode: int
) -> None:
    """Whoever can rename it can lay out scripts of their own in its place."""
    if mode == 0o777:
        (world.parent / "open").mkdir()
        home = world.parent / "open"
    home.chmod(mode)
    machine = agents.machine_with_tasks(agents.task("one", "exit 0"), Params={"runner-tmp": str(home / "x")})
    agents.run(machine, runner_dir="")
    assert agents.outcome(machine)[1] == "finished"
    assert not list(home.rglob("runner-*"))


@pytest.mark.parametrize("plant", ["folder", "link"])
def test_no_state_in_a_folder_of_somebody_else(world: Path, victim: Path, stranger: int, plant: str) -> None:
    theirs = world / "state"
    if plant == "folder":
        theirs.mkdir()
        os.chown(theirs, stranger, stranger)
        link(theirs / f"{MACHINE}.state.new", victim, stranger)
    else:
        link(theirs, victim.parent, stranger)
    with pytest.raises(UsageError, match="state_dir: other users can change"):
        Store(str(theirs), MACHINE)
    assert untouched(victim)


# -- what is exchanged meanwhile


@contextlib.contextmanager
def attacker(work: Callable[[], object], user: int) -> Iterator[None]:
    """Do ``work`` as another user, over and over, in a process of its own."""
    pid = os.fork()
    if not pid:
        try:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
            while True:
                with contextlib.suppress(OSError):
                    work()
        finally:
            os._exit(1)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def plant_files(place: Path, victim: Path) -> Callable[[], None]:
    """A link, a named pipe, a file that everybody may write, and nothing, in turn."""

    def work() -> None:
        for make in (place.symlink_to, os.mkfifo, Path.touch):
            with contextlib.suppress(OSError):
                make(victim) if make == place.symlink_to else t.cast("t.Any", make)(place)
            with contextlib.suppress(OSError):
                place.unlink()

    return work


def exchange_folders(place: Path, victim: Path) -> Callable[[], None]:
    """A folder, and a link to that of the victim, in turn under one name."""
    numbers = itertools.count()

    def work() -> None:
        # names of their own each time: what root has left in a folder, the attacker cannot remove
        number = next(numbers)
        aside, bait = place.with_name(f"aside{number}"), place.with_name(f"bait{number}")
        with contextlib.suppress(OSError):
            place.mkdir()
        bait.symlink_to(victim.parent)
        with contextlib.suppress(OSError):
            place.rename(aside)
            bait.rename(place)
            place.rename(bait)
            aside.rename(place)
        for path, remove in ((bait, Path.unlink), (aside, Path.rmdir)):
            with contextlib.suppress(OSError):
                remove(path)

    return work


@pytest.mark.parametrize("kind", ["files", "folders"])
@pytest.mark.parametrize("place", ["world", "home"])
def test_a_race(world: Path, home: Path, victim: Path, stranger: int, place: str, kind: str) -> None:
    for folder in (world, *world.parents):
        if folder.stat().st_uid == os.geteuid() and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o001)  # pytest's own are closed to other users
    folder = {"world": world, "home": home}[place]
    if kind == "files":
        work, target = plant_files(folder / "shadow", victim), folder / "shadow"
    else:
        work, target = exchange_folders(folder / "d", victim), folder / "d" / "shadow"
    outcomes: list[str] = []

    def attempt() -> bool:
        try:
            task_files.make_folders(str(target.parent))
            task_files.write(str(target), "theirs", 0o644)
            outcomes.append("written")
        except OSError as error:
            outcomes.append(type(error).__name__)
        with contextlib.suppress(OSError):
            remove_file(target)
        with contextlib.suppress(OSError):
            (folder / "d").rmdir()
        return len(outcomes) >= TIMES and "NotOurs" in outcomes

    with attacker(work, stranger):
        eventually(attempt, "that somebody is in the way")
    assert untouched(victim)
    assert list(victim.parent.iterdir()) == [victim]


def remove_file(path: Path) -> None:
    """Without being led elsewhere by a link that takes the place of the folder: this is root as well."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.unlink(path.name, dir_fd=folder)
    finally:
        os.close(folder)


def test_where_folders_are_safe(world: Path, home: Path, stranger: int) -> None:
    (world / "mine").mkdir()
    link(world / "link", world / "mine", stranger)
    assert own.is_safe_folder(str(world))
    assert own.is_safe_folder(str(world / "mine"))
    for place in (home, home / "absent", world / "absent", world / "link"):
        assert not own.is_safe_folder(str(place))
