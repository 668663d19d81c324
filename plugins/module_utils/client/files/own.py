# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Files and folders in places where other users of the machine may put things as well.

Whoever works as root in /tmp must not be led to another file by a link, wait for a named pipe, nor write to a
file that somebody else keeps open.  Everything is looked at by its descriptor, so that it cannot be exchanged
between the look and the use.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import typing as t

_MAX_LINKS = 40
_SEARCH = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_SAFE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_PRIVATE = 0o700


class NotOurs(OSError):
    """Somebody else has put something there; ``strerror`` says what."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(errno.EPERM, why, path)


def open_file(path: str, flags: int, mode: int = 0o600, dir_fd: int | None = None) -> int:
    """Open a regular file that is ours alone; NotOurs for anything else that has the name.

    ``flags`` are without O_TRUNC: nothing may be changed before it is known whose file it is.
    """
    try:
        descriptor = os.open(path, flags | _SAFE, mode, dir_fd=dir_fd)
    except OSError as error:
        why = _reason(path, dir_fd)
        if why and error.errno != errno.EEXIST:
            raise NotOurs(path, why) from error
        raise
    why = _foreign(os.fstat(descriptor))
    if why:
        os.close(descriptor)
        raise NotOurs(path, why)
    return descriptor


def open_regular(path: str) -> t.BinaryIO:
    """Open for reading what a user has named, whoever owns it; OSError for what is no regular file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file", path)
    return open(descriptor, "rb")


@contextlib.contextmanager
def private_folder(path: str) -> t.Iterator[int]:
    """A descriptor of a folder that only we may enter; it and those above it are made where there are none.

    NotOurs when another user has made it, or a link on the way to it.
    """
    way = _open_way(path, _PRIVATE)
    try:
        folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=way)
    finally:
        os.close(way)
    try:
        state = os.fstat(folder)
        if state.st_uid != os.geteuid():
            raise NotOurs(path, f"belongs to another user (uid {state.st_uid})")
        if stat.S_IMODE(state.st_mode) & 0o077:
            os.fchmod(folder, _PRIVATE)
        yield folder
    finally:
        os.close(folder)


def trusted_path(path: str) -> str:
    """``path``, or where the link leads that it is; NotOurs for what another user has put on the way.

    Links of ours and of root are meant, and no others.  So is any folder or file, but for one in a folder to
    which everybody may write: whoever owns it can exchange it after it was looked at.
    """
    for _link in range(_MAX_LINKS):
        _refuse_foreign(path)
        try:
            if not stat.S_ISLNK(os.lstat(path).st_mode):
                return path
        except OSError:
            return path
        path = os.path.join(os.path.dirname(path), os.readlink(path))
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)


def open_trusted(path: str, flags: int, mode: int) -> int:
    """Open a file to write to; OSError at once for a named pipe or a socket.

    NotOurs for what is not meant by whoever named the path: a link of another user, whatever another user has
    put into a folder that is everybody's, and a file that has a second name where others can give it one.
    """
    for _link in range(_MAX_LINKS):
        above, name = os.path.split(os.path.abspath(path))
        folder = _open_way(above, mode=None)
        try:
            return _open_in(folder, name, path, flags, mode)
        except _IsLink as link:
            path = os.path.join(above, link.target)
        finally:
            os.close(folder)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)


def make_folders(path: str) -> None:
    """The folder and all above it, through no link and no folder that :func:`open_trusted` refuses."""
    os.close(_open_way(path, mode=0o777))


def is_safe_folder(path: str) -> bool:
    """Whether what we make in a folder stays what it is: nobody else can rename it, or a folder above it."""
    try:
        path = os.path.realpath(trusted_path(path))
        while True:
            state = os.lstat(path)
            if state.st_uid not in (0, os.geteuid()) or (state.st_mode & (0o002 | stat.S_ISVTX)) == 0o002:
                return False
            if path == "/":
                return True
            path = os.path.dirname(path)
    except OSError:
        return False


class _IsLink(Exception):
    """The name is a link that is to be followed."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.target = target


def _open_in(folder: int, name: str, path: str, flags: int, mode: int) -> int:
    """Open the file ``name`` of a folder to write to it; _IsLink when it is a link that we trust."""
    with contextlib.suppress(FileNotFoundError):
        state = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISLNK(state.st_mode):
            raise _IsLink(_link_target(folder, name, path))
        _refuse_special(path, state)
    descriptor = os.open(name, flags | _SAFE, mode, dir_fd=folder)
    try:
        state = os.fstat(descriptor)
        _refuse_special(path, state)
        _refuse_planted(path, state, os.fstat(folder))
        os.set_blocking(descriptor, True)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_planted(path: str, state: os.stat_result, folder: os.stat_result) -> None:
    """NotOurs when whoever may write to the folder can have put the file there, instead of whom we trust."""
    friends = {0, os.geteuid()}
    shared = bool(folder.st_mode & 0o002)
    if shared and state.st_uid not in friends:
        raise NotOurs(path, f"belongs to another user (uid {state.st_uid})")
    if stat.S_ISREG(state.st_mode) and state.st_nlink > 1 and (shared or folder.st_uid not in friends):
        raise NotOurs(path, "has a second name somewhere else")


def default_mode() -> int:
    """The mode of a new file that is to be like any other."""
    mask = os.umask(0o077)  # the only way to see it; never wider for other threads than it was
    os.umask(mask)
    return 0o666 & ~mask


def _refuse_foreign(path: str) -> None:
    """NotOurs when ``path``, or a folder above it, is of another user and in a folder that is everybody's."""
    steps = [step for step in os.path.abspath(path).split("/") if step]
    above, open_to_all = "/", False
    for step in steps:
        current = os.path.join(above, step)
        try:
            state = os.lstat(current)
        except OSError:
            return
        is_link = stat.S_ISLNK(state.st_mode)
        if (open_to_all or is_link) and state.st_uid not in (0, os.geteuid()):
            kind = "is a link of" if is_link else "belongs to"
            raise NotOurs(current, f"{kind} another user (uid {state.st_uid})")
        if is_link:
            with contextlib.suppress(OSError):
                state = os.stat(current)
        open_to_all = bool(state.st_mode & 0o002) and stat.S_ISDIR(state.st_mode)
        above = current


def _refuse_special(path: str, state: os.stat_result) -> None:
    for test, what in ((stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket")):
        if test(state.st_mode):
            raise OSError(errno.EINVAL, f"it is {what}, not a file", path)


def _open_way(path: str, mode: int | None) -> int:
    """Open one folder after the other, so that each link on the way is seen.

    With a ``mode`` those that are missing are made.
    """
    left = [part for part in os.path.abspath(path).split("/") if part][::-1]
    current, links = os.open("/", _SEARCH), 0
    try:
        while left:
            part = left.pop()
            try:
                following = _enter(current, part, path, mode)
            except OSError as error:
                if error.errno not in (errno.ELOOP, errno.ENOTDIR) or links >= _MAX_LINKS:
                    raise
                target = _link_target(current, part, path)
                links += 1
                left += [step for step in target.split("/") if step][::-1]
                following = os.open("/" if target.startswith("/") else ".", _SEARCH, dir_fd=current)
            os.close(current)
            current = following
    except BaseException:
        os.close(current)
        raise
    return current


def _enter(folder: int, name: str, path: str, mode: int | None) -> int:
    try:
        entered = os.open(name, _SEARCH, dir_fd=folder)
    except FileNotFoundError:
        if mode is None:
            raise
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, mode, dir_fd=folder)
        entered = os.open(name, _SEARCH, dir_fd=folder)
    owner = os.fstat(entered).st_uid
    if os.fstat(folder).st_mode & 0o002 and owner not in (0, os.geteuid()):
        os.close(entered)
        raise NotOurs(path, f"leads over {name}, which belongs to another user (uid {owner})")
    return entered


def _link_target(folder: int, name: str, path: str) -> str:
    state, above = os.stat(name, dir_fd=folder, follow_symlinks=False), os.fstat(folder)
    if not stat.S_ISLNK(state.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
    # whoever owns the folder could exchange the link before it is read
    for owner in (state.st_uid, above.st_uid):
        if owner not in (0, os.geteuid()):
            raise NotOurs(path, f"leads over {name}, a link of another user (uid {owner})")
    return os.readlink(name, dir_fd=folder)


def _reason(path: str, dir_fd: int | None) -> str:
    """Why what has the name cannot be opened, if that is somebody else's doing."""
    try:
        state = os.stat(path, dir_fd=dir_fd, follow_symlinks=False)
    except OSError:
        return ""
    return "is a symbolic link" if stat.S_ISLNK(state.st_mode) else _foreign(state)


def _foreign(state: os.stat_result) -> str:
    if not stat.S_ISREG(state.st_mode):
        return "is no regular file"
    if state.st_uid != os.geteuid():
        return f"belongs to another user (uid {state.st_uid})"
    if state.st_nlink > 1:
        return "has a second name somewhere else"
    if stat.S_IMODE(state.st_mode) & 0o022:
        return "can be written by others"
    return ""
