# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Files from any web server, whole and verified, or not at all.

The bytes go to ``.<name>.part`` beside the target and get the target's name once their size and checksum
hold.  A transfer that breaks off is taken up where it stopped, now or by a later call, if the server
serves ranges and nothing says that the file has changed meanwhile.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import os
import re
import shutil
import time
import typing as t
import urllib.parse

from .. import limits
from ..errors import CertificateRejected, ConnectionFailed, DrpError, Redirected, UsageError
from ..http.environment import Environment
from ..tls import Tls
from ..transport import Answer, Body, Retry, Timeouts, Transport
from . import own
from .partial import PartialFile
from .side_digest import SideDigest

CheckContent = t.Callable[[str, bytes], str]
"""Gets the content type and the first bytes of a file; says why it is not what is wanted, or ""."""
Progress = t.Callable[[int, t.Optional[int]], None]
"""Gets the bytes so far and, if the server reports it, how many there will be."""

_RETRY_DELAYS = (1, 2, 3, 5)
_CHUNK_SIZE = 1 << 18
_DISK_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT)


class DownloadFailed(DrpError):
    """The file could not be downloaded completely and correctly."""


class Sender(t.Protocol):
    """What sends the requests: a transport, or a client with its credentials."""

    def send(
        self, method: str, url: str, headers: t.Mapping[str, str], body: Body = None, stream: bool = False
    ) -> Answer:
        """The answer, whatever its status is."""


@dataclasses.dataclass(frozen=True)
class Download:
    """A file that is now at its target."""

    size: int
    sha256: str


def fetch(
    url: str,
    target_path: str,
    checksum: str | None = None,
    validate_certs: bool = True,
    ca_path: str | None = None,
    timeout: float = 60.0,
    check_content: CheckContent | None = None,
    progress: Progress | None = None,
    sleep: t.Callable[[float], None] = time.sleep,
    environment: Environment | None = None,
) -> Download:
    """Download ``url`` to ``target_path``; nothing is asked for if ``checksum`` says it is there already.

    ``checksum`` is a SHA-256, ``timeout`` is in seconds without a byte.  Credentials in the URL go to its
    host only.  Redirects are followed, but never from https to http.  A call for a target that another
    process is fetching waits as long as that gets on.  Raises UsageError for unusable arguments, else
    DownloadFailed; what was at the target before is then still there.
    """
    trust, timeouts = Tls.create(validate_certs, ca_path), Timeouts(read=timeout)
    transport = Transport(
        _origin(url), trust, timeouts, Retry(sleep=sleep), follow_redirects=True, environment=environment
    )
    with contextlib.closing(transport):
        return transfer(transport, url, target_path, checksum, check_content, progress, sleep)


def transfer(
    sender: Sender,
    url: str,
    target_path: str,
    checksum: str | None = None,
    check_content: CheckContent | None = None,
    progress: Progress | None = None,
    sleep: t.Callable[[float], None] = time.sleep,
    mode: int | None = None,
) -> Download:
    """Like :func:`fetch`, over a connection of the caller's, with its trust and its credentials.

    ``mode`` is what the new file has from the moment on at which it has its name.
    """
    wanted = normalize_checksum(checksum) if checksum else ""
    folder = os.path.dirname(os.path.abspath(target_path))
    if not os.path.isdir(folder):
        raise UsageError(f"{folder}: the folder to download to does not exist")
    partial = PartialFile(target_path, mode)
    try:
        own.trusted_path(target_path)
        with partial.locked(sleep) as file:
            already = wanted and digest_of(target_path)
            if already and already.sha256 == wanted:
                partial.remove()
                return already
            options = (check_content, progress, sleep)
            with SideDigest() as digest:
                return _Transfer(url, target_path, wanted, sender, partial, file, *options, digest).run()
    except own.NotOurs as error:
        raise DownloadFailed(
            f"Cannot write {target_path}: {error.filename} {error.strerror}; remove it, or choose another "
            "folder"
        ) from error
    except OSError as error:
        raise DownloadFailed(f"Cannot write {target_path}: {error.strerror}") from error


def normalize_checksum(text: str) -> str:
    """The 64 lower-case digits of ``<digits>`` or ``sha256:<digits>``; UsageError for anything else."""
    digits = re.sub("^sha-?256[:=]", "", text.strip().lower())
    if not re.fullmatch("[0-9a-f]{64}", digits):
        raise UsageError(f"checksum: {text} is not a SHA-256, 64 hexadecimal digits, as in sha256:<digits>")
    return digits


def digest_of(path: str) -> Download | None:
    """Size and SHA-256 of a file; None when it cannot be read."""
    try:
        with own.open_regular(path) as file:
            return Download(os.fstat(file.fileno()).st_size, _sha256_of(file).hexdigest())
    except OSError:
        return None


def is_html(content_type: str, start: bytes) -> bool:
    """Whether this is an HTML page, such as the login form that some servers send for any file."""
    if content_type.partition(";")[0].strip().lower() in ("text/html", "application/xhtml+xml"):
        return True
    return start.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower().startswith((b"<!doctype html", b"<html"))


@dataclasses.dataclass
class _Transfer:
    """One download into an open and locked partial file."""

    url: str
    target: str
    wanted: str
    sender: Sender
    partial: PartialFile
    file: t.BinaryIO
    check_content: CheckContent | None
    progress: Progress | None
    sleep: t.Callable[[float], None]
    digest: SideDigest
    """Of the bytes that this call has added; all of the file when it began with nothing."""
    validator: str = ""
    """What the server said about the version of the file that the partial one holds a part of."""
    discard_partial: bool = False
    """What came is not what is wanted, so no later call should go on with it."""

    def run(self) -> Download:
        try:
            got = self._transfer_verified()
            self.partial.move_into_place(self.file)
            self.discard_partial = True
        finally:
            if self.discard_partial or not self._size() or not (self.validator or self.wanted):
                self.partial.remove()
        return got

    def _transfer_verified(self) -> Download:
        self.validator = self._load_validator()
        resumed = self._transfer_with_retries()
        got = self._digest()
        if self.wanted not in ("", got.sha256) and resumed:
            self._restart()
            self._transfer_with_retries()
            got = self._digest()
        if self.wanted not in ("", got.sha256):
            self._fail_and_discard(f"its SHA-256 is {got.sha256} ({got.size} bytes), not {self.wanted}")
        return got

    def _transfer_with_retries(self) -> bool:
        """Transfer all of it, in as many goes as it takes; whether an older part was used."""
        resumed = self._size() > 0
        for delay in (*_RETRY_DELAYS, None):
            try:
                self._request_rest()
                return resumed
            except ConnectionFailed as error:
                if delay is None:
                    raise self._download_error(error.messages[0]) from error
                self.sleep(delay)
        raise AssertionError("the last go returns or raises")

    def _request_rest(self) -> None:
        """One request; ConnectionFailed when its answer ends before the file does."""
        start = self._size()
        if start and not (self.validator or self.wanted):
            self._restart()
            start = 0
        answer = self._request_from(start)
        if answer.status == 416 or (start and answer.status == 206 and _range_start(answer) != start):
            self._restart()
            answer = self._request_from(start := 0)
        self._check_response(answer, start)
        if answer.status != 206:
            self._restart()
        self._save_validator(answer)
        self._copy(answer)

    def _request_from(self, start: int) -> Answer:
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
            if self.validator:
                headers["If-Range"] = self.validator
        try:
            return self.sender.send("GET", self.url, headers, stream=True)
        except Redirected as error:
            self._fail_and_discard(error.messages[0])
        except CertificateRejected as error:
            reason = error.messages[0].partition(". Set ca_path")[0]
            raise self._download_error(
                f"{reason}. Set the TLS options of the download; those of the DRP server do not apply"
            ) from error
        except ConnectionFailed as error:
            raise self._download_error(error.messages[0]) from error

    def _check_response(self, answer: Answer, start: int) -> None:
        if answer.status not in (200, 206) or (answer.status == 206 and not start):
            self.discard_partial = answer.status < 500
            raise self._download_error(f"the server answered {answer.status} {answer.reason}".rstrip())

    def _copy(self, answer: Answer) -> None:
        left = _length(answer)
        total = None if left is None else (self._size() if answer.status == 206 else 0) + left
        self._require_space(left or 0)
        first = answer.status == 200
        for piece in answer.fill(self.digest.buffers()):
            if (
                first
                and self.check_content
                and (why := self.check_content(answer.headers.get("Content-Type", ""), bytes(piece)))
            ):
                self._fail_and_discard(why)
            first = False
            self._write(piece)
            self.digest.add(piece)
            if self.progress:
                self.progress(self._size(), total)
        if total is not None and self._size() < total:
            raise ConnectionFailed(f"the response was cut off: {self._size()} of {total} bytes arrived")

    def _write(self, piece: memoryview) -> None:
        left = piece
        try:
            while left:
                left = left[self.file.write(left) :]
        except OSError as error:
            if error.errno in _DISK_FULL_ERRNOS:
                self._no_space()
            raise

    def _require_space(self, size: int) -> None:
        if size > shutil.disk_usage(os.path.dirname(os.path.abspath(self.target))).free:
            self._no_space(f", {size} bytes are needed")

    def _no_space(self, more: str = "") -> t.NoReturn:
        folder = os.path.dirname(os.path.abspath(self.target))
        self._fail_and_discard(f"no space left in {folder}{more}")

    def _fail_and_discard(self, why: str) -> t.NoReturn:
        """Fail, and leave nothing behind that a later call could mistake for a good start."""
        self.discard_partial = True
        raise self._download_error(why)

    def _download_error(self, why: str) -> DownloadFailed:
        return DownloadFailed(f"Cannot download {redacted_url(self.url)}: {why}")

    # -- the partial file

    def _size(self) -> int:
        return self.file.seek(0, os.SEEK_END)

    def _restart(self) -> None:
        self.file.truncate(0)
        self.digest.restart()

    def _digest(self) -> Download:
        """Of what was written, taken meanwhile; a file that was begun by an earlier call is read for it."""
        size = self._size()
        if self.digest.size == size:
            return Download(size, self.digest.hexdigest())
        self.file.seek(0)
        return Download(size, _sha256_of(self.file).hexdigest())

    def _load_validator(self) -> str:
        """From the note beside the partial file; a part of something else is thrown away."""
        found = self.partial.load_validator(self.url)
        if found is None:
            self._restart()
        return found or ""

    def _save_validator(self, answer: Answer) -> None:
        etag = answer.headers.get("ETag", "")
        told = etag if etag.startswith('"') else answer.headers.get("Last-Modified", "")
        self.validator = told or (self.validator if answer.status == 206 else "")
        self.partial.save_validator(self.url, self.validator)


def redacted_url(url: str) -> str:
    """A URL as it may appear in messages: without credentials and without a query that may hold some."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _origin(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{redacted_url(url)} is not an http or https URL")
    return f"{parts.scheme.lower()}://{parts.netloc.rpartition('@')[2]}"


def _length(answer: Answer) -> int | None:
    """How many bytes this answer is to bring; None when they are not told, or are not those we get."""
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        return None
    return limits.count_in_header(answer.headers.get("Content-Length"))


def _range_start(answer: Answer) -> int | None:
    match = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return int(match.group(1)) if match else None


def _sha256_of(file: t.IO[bytes]) -> t.Any:
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK_SIZE):
        digest.update(chunk)
    return digest
