# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The log of one job: to a local spool first, from there to the server, while the script runs or after it.

The server appends what it is sent and knows no offsets, so a chunk whose reply was lost may have arrived or
not.  The length of the log on the server tells, and only then is anything sent again.
"""

from __future__ import annotations

import os
import threading
import time
import typing as t

from ...client.client import Client
from ...client.errors import DrpError
from ...client.objects.jobs import job_log
from ..checkpoints import reached
from ..retry import Backoff, Stopped, StopSignal, is_transient
from ..script.spool import SEGMENT, Spool, SpoolWriter

HEADER = "Log for Job: {}\n"
"""The first line of the log of a new job, which the server writes."""
_UNKNOWN = -1
_PROGRESS = "progress"
_FORM = "{:20d} {:20d} {:20d}\n"
_POLL = 0.05
_QUIET_POLL = 0.25
"""Seconds between two looks at the output of a script that says nothing."""
_FLUSH_INTERVAL = 1.0
"""Seconds after which output is sent even if it is little, as the reference does."""
_FLUSH_SIZE = SEGMENT // 2
_TIMEOUT = 30.0


class UploadProgress:
    """What is known of the server's side, kept in a file of the spool so that it outlives the agent."""

    def __init__(self, folder: str) -> None:
        self.base = _UNKNOWN
        """Bytes that the server's log had before the first of ours."""
        self.sent = 0
        """Bytes of the spool that are in the server's log for certain."""
        self.in_doubt = 0
        """Bytes after those that have been sent without an answer so far."""
        os.makedirs(folder, mode=0o700, exist_ok=True)
        path = os.path.join(folder, _PROGRESS)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fields = os.pread(self._descriptor, 200, 0).split()
        if len(fields) == 3:
            self.base, self.sent, self.in_doubt = map(int, fields)

    def shrink_to(self, end: int) -> None:
        """After a loss of power the spool may be shorter than what has been sent."""
        if self.sent + self.in_doubt > end and self.base != _UNKNOWN:
            self.base += max(self.sent - end, 0)
            self.sent, self.in_doubt = min(self.sent, end), max(min(self.in_doubt, end - self.sent), 0)
            self.save()

    def save(self) -> None:
        # one write of fixed length: there is no moment at which half of it counts
        os.pwrite(self._descriptor, _FORM.format(self.base, self.sent, self.in_doubt).encode(), 0)

    def close(self) -> None:
        os.close(self._descriptor)


class JobLog:
    """Writing never blocks on the network.

    A thread of its own uploads, as long as it takes; that of a short script is sent by :meth:`flush`.
    """

    def __init__(
        self,
        client: Client,
        job: str,
        spool: Spool,
        stop_signal: StopSignal,
        *,
        fresh: bool,
        backoff: Backoff | None = None,
        report: t.Callable[[str], None] = lambda _text: None,
    ) -> None:
        """``fresh``: the server has just made the job, so that its log holds the header only."""
        self.job = job
        self.spool = spool
        self._client = client.with_timeout(_TIMEOUT)
        self._stop_signal = stop_signal
        self._backoff = backoff or Backoff(0.5, 15.0)
        self._report = report
        self._progress = UploadProgress(spool.folder)
        if fresh and self._progress.base == _UNKNOWN:
            self._progress.base = len(HEADER.format(job))
            self._progress.save()
        if self._progress.sent or self._progress.in_doubt:
            self._progress.shrink_to(spool.end_offset())
        self._must_verify = self._progress.in_doubt > 0 or self._progress.base == _UNKNOWN
        self.refused: DrpError | None = None
        """Why the server will never take the rest; that then stays unsent."""
        self._flush_requested = threading.Event()
        self._closing = False
        self._idle = threading.Condition()
        self._thread: threading.Thread | None = None

    # -- for the runner

    def send_in_background(self) -> None:
        """From now on, send what comes while the script runs.  May be called again."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="drp-job-log", daemon=True)
            self._thread.start()

    def write_line(self, text: str) -> None:
        """Append a line of the agent's own.  No script may be writing at this time.

        On a full disk it waits for room, which there will be when the server has taken what lies there.
        """
        data = f"{text}\n".encode("utf-8", "replace")
        with SpoolWriter(self.spool, full_timeout=0.0) as writer:
            while data:
                writer.dropped = 0
                writer.append(data)
                data = data[len(data) - writer.dropped :] if writer.dropped else b""
                if data and (self._stop_signal.grace_period_over or self.refused is not None):
                    return
                if data:
                    self.send_in_background()
                    self._flush_requested.set()
                    time.sleep(_POLL)
                    self._stop_signal.heartbeat()

    def flush(self) -> bool:
        """Wait until the server has everything; False when it finally refuses the rest.

        Waits as long as it takes.  Raises Stopped when the agent must end before that.
        """
        while self._thread is None and not self._is_settled():
            if self._stop_signal.requested or not self._attempt():
                self.send_in_background()
        self._flush_requested.set()
        while True:
            with self._idle:
                if self._is_settled():
                    return self.refused is None
                self._idle.wait(self._stop_signal.POLL_INTERVAL)
            self._stop_signal.heartbeat()
            if self._stop_signal.grace_period_over:
                raise Stopped

    def close(self, timeout: float = _TIMEOUT) -> None:
        """End the thread after the request under way; what is unsent stays in the spool."""
        self._closing = True
        self._flush_requested.set()
        if self._thread is not None:
            self._thread.join(timeout)
        if self._thread is None or not self._thread.is_alive():
            self._progress.close()

    def _is_settled(self) -> bool:
        """Whether the server has all of it, or will never take the rest."""
        all_sent = self._progress.sent >= self.spool.end_offset() and not self._progress.in_doubt
        return all_sent or self.refused is not None

    # -- sending: by the thread, if there is one

    def _run(self) -> None:
        last, urgent = time.monotonic(), False
        while not self._closing and self.refused is None:
            if self._flush_requested.is_set():
                # taken back before looking: what is written after the look sets it again
                self._flush_requested.clear()
                urgent = True
            waiting = self.spool.end_offset() - self._progress.sent
            urgent = urgent and waiting > 0
            due = waiting >= _FLUSH_SIZE or urgent or time.monotonic() >= last + _FLUSH_INTERVAL
            if waiting > 0 and due:
                if not self._attempt() and self.refused is None:
                    self._wait(self._backoff.next())
                last = time.monotonic()
                continue
            with self._idle:
                self._idle.notify_all()
            self._flush_requested.wait(_POLL if waiting > 0 else _QUIET_POLL)
        with self._idle:
            self._idle.notify_all()

    def _attempt(self) -> bool:
        """Whether the server has taken what was sent, or told how much it has."""
        try:
            self._verify_length() if self._must_verify else self._send()
        except DrpError as error:
            if not is_transient(error):
                self._report(f"The server refuses the log of job {self.job}: {error}")
                self.refused = error
                return False
            self._must_verify = self._must_verify or self._progress.in_doubt > 0
            self._report(f"Cannot send the log of job {self.job} yet: {error}")
            return False
        self._backoff.reset()
        return True

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._closing and time.monotonic() < deadline:
            time.sleep(min(_POLL, seconds))

    def _send(self) -> None:
        progress = self._progress
        data = self.spool.read(progress.sent, SEGMENT)
        progress.in_doubt = len(data)
        progress.save()
        reached("log chunk saved")
        request = self._client.req().put(data).url_for("jobs", self.job, "log").fail_fast()
        request.timeout(_TIMEOUT).do()
        reached("log chunk sent")
        self._mark_sent(len(data))

    def _mark_sent(self, size: int) -> None:
        self._progress.sent += size
        self._progress.in_doubt = 0
        self._progress.save()
        self.spool.free(self._progress.sent)

    def _verify_length(self) -> None:
        """Find out whether what is in doubt has arrived."""
        progress = self._progress
        data = self.spool.read(progress.sent, progress.in_doubt) if progress.in_doubt else b""
        server_log = _Tail(len(data))
        job_log(self._client, self.job, t.cast(t.BinaryIO, server_log))
        if progress.base == _UNKNOWN:
            progress.base = server_log.size - progress.sent
        known = progress.base + progress.sent
        if server_log.size == known + len(data):
            self._mark_sent(len(data))
        elif server_log.size != known and data and server_log.last == data:
            # somebody else writes to this log as well; but it ends with what we sent
            progress.base = server_log.size - len(data) - progress.sent
            self._mark_sent(len(data))
        else:
            progress.base = server_log.size - progress.sent
            progress.in_doubt = 0
            progress.save()
        self._must_verify = False


class _Tail:
    """A file to write to that counts, and keeps so many bytes of the end."""

    def __init__(self, keep: int) -> None:
        self.size = 0
        self.last = b""
        self._keep = keep

    def write(self, piece: bytes) -> int:
        self.size += len(piece)
        self.last = (self.last + piece)[-self._keep :] if self._keep else b""
        return len(piece)
