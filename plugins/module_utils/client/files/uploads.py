# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Uploads that end with the right blob on the server, or with an error that says what is there instead.

A server writes to ``<name>.part`` and renames.  While a file of that name lies in ``files``, it refuses
uploads with 409 and deletes the finished old file; it deletes that as well when an upload breaks off.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import posixpath
import typing as t

from ..client import Client
from ..errors import Conflict, ConnectionFailed, DrpError, NotFound, UsageError
from ..pace import LARGE_PIECE, Pace
from . import blobs
from .side_digest import SideDigest

Progress = t.Callable[[int, int], None]
"""Gets the bytes sent so far, and how many there will be."""

MAX_ATTEMPTS = 3
STALE_AFTER = 10
"""A partial file that has not grown in so many seconds is a leftover."""
BUSY_TIMEOUT = 60


class UploadFailed(DrpError):
    """The blob is not on the server, or not as it was sent."""


@dataclasses.dataclass(frozen=True)
class Uploaded:
    """What is on the server now, checked for its size, and for its checksum where the server has one."""

    size: int
    sha256: str = ""
    """"" when neither the caller nor the server knew it: the file was not read for it."""
    attempts: int = 1
    response_received: bool = True
    """False when the reply was lost and the blob was then found to be there."""
    remarks: tuple[str, ...] = ()
    """What else was done on the server, as messages."""


class Source:
    """A binary file from where it stands to its end, counted on its way to the server.

    ``sha256`` is its checksum if that is known; a file that was changed since then is noticed.  If it is not,
    ``digest`` takes it from what is sent.
    """

    def __init__(
        self,
        file: t.IO[bytes],
        name: str = "",
        progress: Progress | None = None,
        sha256: str = "",
        digest: SideDigest | None = None,
    ) -> None:
        self.name = name or str(getattr(file, "name", "the content"))
        self.sha256 = sha256
        self._file = file
        self._progress = progress
        self._digest = None if sha256 else digest
        self._buffer: memoryview | None = None
        self._pace = Pace()
        self._sent: memoryview | None = None
        """What the last read gave: whoever asks for more has sent it."""
        if not file.seekable():
            raise UsageError(f"{self.name} cannot be read twice, which an upload may require")
        self._start = file.tell()
        self.size = file.seek(0, os.SEEK_END) - self._start
        self._file_version = _file_version(file)
        self.seek(0)

    @property
    def changed(self) -> bool:
        """Whether the file has been written to since."""
        return _file_version(self._file) != self._file_version

    def digest(self) -> str:
        """The SHA-256, for which the file is read if it is not known."""
        if not self.sha256:
            digest = hashlib.sha256()
            self.seek(0)
            for chunk in iter(self.read, b""):
                digest.update(chunk)
            self.sha256 = digest.hexdigest()
        return self.sha256

    def read(self, size: int = -1) -> memoryview:
        """A piece, larger than http.client asks for: its 16 KiB cost half of the throughput.

        It holds until the next read.  Never more than there was at first; UsageError when the file has become
        shorter.
        """
        del size
        if self._done:
            self._pace.passed()
        buffer = self._next_buffer()
        try:
            count = t.cast(t.Any, self._file).readinto(buffer[: min(self.size - self._done, self._pace.size)])
        except OSError as error:
            raise UsageError(f"{self.name} cannot be read: {error.strerror}") from error
        if not count and self._done < self.size:
            raise UsageError(f"{self.name} became shorter while it was read")
        self._done += count
        if self._progress and count:
            self._progress(self._done, self.size)
        self._sent = buffer[:count]
        self._pace.begin()
        return self._sent

    def note_sent(self) -> None:
        """All of it was sent: its checksum is known if it was to be taken meanwhile."""
        if self._digest is not None and self._digest.size == self.size and not self.sha256:
            self.sha256 = self._digest.hexdigest()

    def _next_buffer(self) -> memoryview:
        """A free buffer; what was sent is hashed."""
        if self._digest is None:
            self._buffer = self._buffer or memoryview(bytearray(LARGE_PIECE))
            return self._buffer
        sent, self._sent = self._sent, None
        if sent is not None:
            self._digest.add(sent)
        return self._next_free()

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._done

    def seek(self, place: int) -> int:
        """Back to the beginning: nothing else is ever wanted."""
        if place:
            raise UsageError(f"{self.name} can only be rewound")
        self._file.seek(self._start)
        self._done = 0
        self._sent = None
        if self._digest is not None:
            self._digest.restart()
            self._next_free = self._digest.buffers()
        return 0

    def rewound_file(self) -> t.IO[bytes]:
        """The file itself, at the beginning, to be compared with."""
        self.seek(0)
        return self._file

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> t.Iterator[memoryview]:
        return iter(self.read, b"")


def upload(client: Client, kind: str, path: str, source: Source) -> Uploaded:
    """Upload ``source`` and check what arrived.

    Tried three times when the connection breaks.  A leftover ``.part`` is removed; one that grows is
    another client's upload, which gets a minute to end.  Raises UploadFailed, which also tells when the
    old file was lost, and ApiError for what the server refuses at once.
    """
    return _Upload(client, kind, blobs.blob_path(kind, path), source).run()


def partial_path(kind: str, path: str) -> str:
    """Where the server keeps what has come of an upload so far."""
    folder, name = posixpath.split(path)
    return posixpath.join(folder, f"{'.' if kind == 'isos' else ''}{name}.part")


@dataclasses.dataclass
class _Upload:
    client: Client
    kind: str
    path: str
    source: Source

    def run(self) -> Uploaded:
        self.before = blobs.stat_blob(self.client, self.kind, self.path)
        removed = self._remove_stale_partial()
        remarks = (f"{removed}, a leftover of an earlier upload, was removed",) if removed else ()
        return dataclasses.replace(self._upload_with_retries(), remarks=remarks)

    def _upload_with_retries(self) -> Uploaded:
        last: DrpError = UploadFailed()
        for number in range(1, MAX_ATTEMPTS + 1):
            if number > 1:
                self.client.transport.retry.sleep(number)
            try:
                self._send()
                return self._verify_uploaded(number)
            except (ConnectionFailed, _IncompleteUpload) as error:
                last = error
            except Conflict as error:
                if self._partial_size() is None:
                    raise
                last = error
            except DrpError as error:
                raise self._upload_error(error, number, self._fate_of_old_file()) from error
            if self._arrived_despite_error():
                return Uploaded(self.source.size, self.source.sha256, number, response_received=False)
        raise self._upload_error(last, MAX_ATTEMPTS, self._fate_of_old_file()) from last

    def _send(self) -> None:
        self.source.seek(0)
        body: t.Any = self.source if self.source.size else b""
        blobs.post_blob(self.client, self.kind, self.path, body)
        self.source.note_sent()

    def _verify_uploaded(self, number: int) -> Uploaded:
        """What a 201 does not guarantee: that the file is there, as long as it was, with its content."""
        there = blobs.stat_blob(self.client, self.kind, self.path, checksum=True)
        if there is None:
            self._delete(partial_path(self.kind, self.path))
            raise UsageError(f"{self.path} is a folder on the server")
        if self.source.sha256 and self.source.changed:
            self._delete(self.path)
            raise UsageError(f"{self.source.name} changed during the upload")
        if there.size != self.source.size or (there.sha256 and there.sha256 != self.source.digest()):
            self._delete(self.path)
            raise _IncompleteUpload(
                f"{there.size} bytes arrived of {self.source.size}, or they differ from those sent"
            )
        return Uploaded(self.source.size, self.source.sha256, number)

    def _arrived_despite_error(self) -> bool:
        """Whether all was done and only the reply was lost; if not, nothing is in the way of another try."""
        try:
            self._remove_stale_partial()
            return self._is_there()
        except ConnectionFailed as error:
            raise self._upload_error(error, 1, ". The state of the file on the server is unknown") from error

    def _is_there(self) -> bool:
        there = blobs.stat_blob(self.client, self.kind, self.path, checksum=True)
        if there is None or there.size != self.source.size:
            return False
        if there.sha256:
            return there.sha256 == self.source.digest()
        if self.before is None or self.before.size != there.size:
            return True
        return blobs.same_content(self.client, self.kind, self.path, self.source.rewound_file())

    # -- the partial file

    def _partial_size(self) -> int | None:
        """The size of the partial file of another upload."""
        there = blobs.stat_blob(self.client, self.kind, partial_path(self.kind, self.path))
        return there.size if there else None

    def _remove_stale_partial(self) -> str:
        """Return when no partial file is there: the leftover that was removed, "" if there was none."""
        seen, still, waited = self._partial_size(), 0, 0
        while seen is not None and still < STALE_AFTER:
            if waited >= BUSY_TIMEOUT:
                raise UploadFailed(
                    f"{self.kind}/{self.path}: another upload of it does not finish, {seen} bytes so far"
                )
            self.client.transport.retry.sleep(1)
            now = self._partial_size()
            still = still + 1 if now == seen else 0
            waited += 1
            seen = now
        if seen is None:
            return ""
        self._delete(partial_path(self.kind, self.path))
        return f"{self.kind}/{partial_path(self.kind, self.path)}"

    def _delete(self, path: str) -> None:
        with contextlib.suppress(NotFound):
            blobs.delete_blob(self.client, self.kind, path)

    def _upload_error(self, error: DrpError, attempts: int, more: str) -> UploadFailed:
        reason = "; ".join(error.messages)
        often = f" (tried {attempts} times)" if attempts > 1 else ""
        return UploadFailed(f"Cannot upload {self.kind}/{self.path}: {reason}{often}{more}")

    def _fate_of_old_file(self) -> str:
        """What became of the file that was there before."""
        if self.before is None:
            return ""
        try:
            there = blobs.stat_blob(self.client, self.kind, self.path)
        except DrpError:
            return ". It is unknown whether the old file still exists"
        if there is None:
            return ". The old file is lost: the server deletes it when an upload is interrupted"
        return ". The old file still exists" if there == self.before else ""


def _file_version(file: t.IO[bytes]) -> tuple[int, ...] | None:
    """What changes when a file is written to; None for what only looks like a file."""
    try:
        now = os.fstat(file.fileno())
    except (AttributeError, OSError):
        return None
    return now.st_size, now.st_mtime_ns, now.st_ctime_ns


class _IncompleteUpload(DrpError):
    """The server said yes, and yet it is not there as it was sent."""
