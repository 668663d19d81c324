# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""One request, built step by step and then sent: ``client.req().url_for("machines").do()``.

Mistakes made while building are collected and raised by :meth:`Request.do`; nothing is sent then.
"""

from __future__ import annotations

import json
import typing as t
import urllib.parse

from . import filters, limits, models, shapes
from .auth import API_PATH
from .errors import DrpError, NotFound, UnreadableAnswer, UnservedKind, UsageError, from_answer
from .patch import Patch, gen_patch
from .protocols import Sender
from .transport import Answer, Body

Json = t.Any
JSON_TYPE = "application/json"
RAW_TYPE = "application/octet-stream"
_NO_ROUTE = "No route"
"""What a server says of a path that it does not serve, or not with that method."""


class Request:
    """A request of one client.  Every building method returns the request itself."""

    def __init__(self, client: Sender) -> None:
        self._client = client
        self._method = "GET"
        self._url = ""
        self._parts: t.Sequence[str] = ()
        self._query: filters.QueryPairs = []
        self._headers: list[tuple[str, str]] = []
        self._body: Body = None
        self._content_type: str | None = None
        self._fail_fast = client.fail_fast
        self._timeout = client.timeout
        self._paranoid = False
        self._trace = client.trace_level
        self._trace_token = client.trace_marker
        self._build_errors: list[str] = []
        self.answer: Answer | None = None
        """The HTTP answer, once the request was sent."""

    # -- method and body

    def meth(self, method: str) -> Request:
        self._method = method.upper()
        return self

    def get(self) -> Request:
        return self.meth("GET")

    def head(self) -> Request:
        return self.meth("HEAD")

    def del_(self) -> Request:
        return self.meth("DELETE")

    def post(self, body: Json) -> Request:
        return self.meth("POST").body(body)

    def put(self, body: Json) -> Request:
        return self.meth("PUT").body(body)

    def patch(self, operations: Patch) -> Request:
        return self.meth("PATCH").body(operations)

    def body(self, body: Json) -> Request:
        """Bytes and files are sent raw as octet-stream; None is no body; anything else is JSON."""
        if body is None or isinstance(body, bytes) or hasattr(body, "read"):
            self._body = body
            self._content_type = JSON_TYPE if body is None else RAW_TYPE
            return self
        try:
            self._body = json_bytes(body)
            self._content_type = JSON_TYPE
        except (TypeError, ValueError) as error:
            self._build_errors.append(f"the body cannot be written as JSON: {error}")
        return self

    # -- address

    def url_for(self, *parts: str) -> Request:
        """Address ``/api/v3`` and ``parts``, each percent-encoded except for ``/`` and ``:``."""
        self._url = self._client.url_for(*parts)
        self._parts = parts
        return self

    def url_for_m(self, kind: str, item: t.Mapping[str, Json], *rest: str) -> Request:
        """Address an object; a key that is still empty is left out."""
        return self.url_for(kind, models.key_of(kind, item), *rest)

    def params(self, *pairs: str) -> Request:
        """Replace the whole query: name, value, name, value...  Needs an address first."""
        if not self._url:
            self._build_errors.append("Cannot call WithParams before UrlFor or UrlForM")
        elif len(pairs) % 2:
            self._build_errors.append("WithParams was not passed an even number of arguments")
        else:
            self._query = list(zip(pairs[::2], map(str, pairs[1::2])))
        return self

    def list(self, kind: str) -> Request:
        return self.get().url_for(kind)

    def filter(self, kind: str, *words: str) -> Request:
        """List ``kind`` with the filters of :func:`.filters.build_query`.

        Those that only a v4 server knows cost a look at the server's info, once.
        """
        self.list(kind)
        try:
            self._query = filters.build_query(words)
            self._client.require_query_features(self._query)
        except UsageError as error:
            self._build_errors.extend(error.messages)
        return self

    # -- manner

    def headers(self, *pairs: str) -> Request:
        """Add headers: name, value, name, value..."""
        if len(pairs) % 2:
            self._build_errors.append("WithHeaders was not passed an even number of arguments")
        else:
            self._headers.extend(zip(pairs[::2], pairs[1::2]))
        return self

    def fail_fast(self) -> Request:
        """One try only."""
        self._fail_fast = True
        return self

    def timeout(self, seconds: float) -> Request:
        """At most so long for connecting, and without a byte from the server."""
        self._timeout = seconds
        return self

    def trace(self, level: str) -> Request:
        """Have the server log this request at ``level``; "" turns tracing off."""
        self._trace = level
        return self

    def trace_token(self, marker: str) -> Request:
        """A text that the server logs with the request, at level error, when a trace level is set."""
        self._trace_token = marker
        return self

    def paranoid_patch(self) -> Request:
        """Guard the whole object in the patches made after this."""
        self._paranoid = True
        return self

    # -- patches from two states

    def patch_obj(self, old: Json, new: Json) -> Request:
        return self.patch(gen_patch(old, new, self._paranoid))

    def patch_to(self, kind: str, old: t.Mapping[str, Json], new: t.Mapping[str, Json]) -> Request:
        """Patch ``old`` into ``new``; the key must be the same in both."""
        before, after = models.key_of(kind, old), models.key_of(kind, new)
        if before != after:
            self._build_errors.append(f"Cannot patch {kind}: the key would change from {before} to {after}")
        return self.patch_obj(dict(old), dict(new)).url_for_m(kind, old)

    def patch_to_full(
        self, kind: str, old: t.Mapping[str, Json], new: t.Mapping[str, Json], paranoid: bool = False
    ) -> dict[str, Json]:
        """Send :meth:`patch_to`; the new state of the object."""
        if paranoid:
            self.paranoid_patch()
        return self.patch_to(kind, old, new).do_object()

    # -- sending

    def fill(self, kind: str, item: dict[str, Json]) -> dict[str, Json]:
        """Bring ``item`` up to date from the server, in place; members it lacks there stay."""
        item.update(self._url_for_existing("Fill", kind, item).get().do_object())
        return item

    def delete(self, kind: str, item: dict[str, Json]) -> dict[str, Json]:
        """Delete ``item``; it then holds the state in which it was deleted."""
        item.update(self._url_for_existing("Delete", kind, item).del_().do() or {})
        return item

    def do(self) -> Json:
        """Send the request: the JSON of the answer, or None when it has no body.

        HEAD gives None, and so does an answer without news (304).  Raises UsageError for mistakes made
        while building, else the errors of :mod:`.errors`; every answer of 400 or more is one of them,
        whatever its content type, and so is one that is not of the shape that the path is known for.
        """
        answer = self._send(stream=False)
        if answer.status >= 400:
            raise self._error_of_response(answer)
        if self._method == "HEAD" or (answer.status == 304 and self._asks_for_news()):
            return None
        try:
            document = None if answer.status in (204, 304) else limits.first_document(answer.body)
        except ValueError as error:
            raise self._unreadable_error(f"that are not a complete JSON document ({error})") from error
        fault = shapes.fault(self._method, self._parts, document)
        if fault:
            raise self._unreadable_error(f"that {fault}")
        return document

    def do_object(self) -> dict[str, Json]:
        """Like :meth:`do` where the answer is one object; UnreadableAnswer for anything else."""
        found = self.do()
        if not isinstance(found, dict):
            raise self._unreadable_error(f"that are not a JSON object but {shapes.name_of_type(found)}")
        return found

    def do_into(self, target: t.BinaryIO) -> int:
        """Send the request and copy the body, whatever its type, to ``target``; the bytes copied."""
        answer = self._send(stream=True)
        if answer.status >= 300:
            raise self._error_of_response(answer)
        copied = 0
        for chunk in answer.chunks(limit=limits.STREAM_ANSWERS * answer.max_answer):
            target.write(chunk)
            copied += len(chunk)
        return copied

    def _url_for_existing(self, verb: str, kind: str, item: t.Mapping[str, Json]) -> Request:
        if not models.key_of(kind, item):
            self._build_errors.append(f"Cannot {verb} {kind} with an empty key")
        return self.url_for_m(kind, item)

    def _send(self, stream: bool) -> Answer:
        if not self._url:
            self._build_errors.append("No URL to talk to")
        if self._build_errors:
            raise UsageError(*self._build_errors)
        self.answer = self._client.send(
            self._method,
            self._url + ("?" + urllib.parse.urlencode(self._query) if self._query else ""),
            self._all_headers(stream),
            self._body,
            stream=stream,
            fail_fast=self._fail_fast,
            timeout=self._timeout,
        )
        return self.answer

    def _asks_for_news(self) -> bool:
        """Whether the server may answer that nothing has changed."""
        return any(name.lower() == "if-none-match" for name, _value in self._headers)

    def _all_headers(self, stream: bool) -> dict[str, str]:
        headers = {"Accept": f"{JSON_TYPE}, {RAW_TYPE}" if stream else JSON_TYPE}
        if self._content_type:
            headers["Content-Type"] = self._content_type
        if self._trace:
            headers["X-Log-Request"] = self._trace
            if self._trace_token:
                headers["X-Log-Token"] = self._trace_token
        for name, value in self._headers:
            headers[name] = f"{headers[name]}, {value}" if name in headers and name == "Accept" else value
        return headers

    def _error_of_response(self, answer: Answer) -> DrpError:
        path = urllib.parse.unquote(urllib.parse.urlsplit(self._url).path)
        error = from_answer(self._method, path, answer.status, answer.reason, answer.body, answer.attempts)
        if not isinstance(error, NotFound) or not self._is_about_kind(error):
            return error
        kind = str(self._parts[0])
        return UnservedKind(
            f"kind: this server (version {self._client.version()}) does not serve {kind}",
            model=kind,
            type=self._method,
            code=error.code,
            attempts=error.attempts,
        )

    def _is_about_kind(self, error: NotFound) -> bool:
        """Whether a 404 means that there is no such kind: every kind has a list, and objects with keys."""
        kind, *rest = map(str, self._parts or [""])
        if self._method != "GET" or not kind or kind in models.NOT_MODELS:
            return False
        is_object = len(rest) == 1 and "/" not in rest[0]
        return not rest or (is_object and error.messages == [_NO_ROUTE])

    def _unreadable_error(self, why: str) -> UnreadableAnswer:
        answer = t.cast(Answer, self.answer)
        kind = answer.headers.get("Content-Type", "no content type").partition(";")[0]
        path = urllib.parse.unquote(urllib.parse.urlsplit(self._url).path)
        message = f"{self._method} {path} answered {answer.status} with {len(answer.body)} bytes of {kind}"
        message += f" {why}" if kind == JSON_TYPE else "; is this the API port of a DRP server?"
        return UnreadableAnswer(message, type=self._method, code=answer.status, attempts=answer.attempts)


def json_bytes(body: Json) -> bytes:
    """The body as it is sent.  Raises TypeError or ValueError for what JSON cannot say."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def api_url(endpoint: str, parts: t.Sequence[str]) -> str:
    """``endpoint`` + ``/api/v3`` + ``parts``; double slashes collapse.

    UsageError for a part with ``.`` or ``..`` between its slashes: it would name something else than it says.
    """
    for part in parts[1:]:
        refuse_dots(str(parts[0]), str(part))
    refuse_dots("", str(parts[0]) if parts else "")
    segments = [segment for part in parts for segment in str(part).split("/") if segment]
    encoded = [urllib.parse.quote(segment, safe=":") for segment in segments]
    return "/".join([endpoint + API_PATH, *encoded])


def refuse_dots(kind: str, key: str) -> None:
    """Raise UsageError for a key such as ``../users/somebody``, also behind the name of an index."""
    segments = key.split("/")
    segments[0] = segments[0].rpartition(":")[2]
    if not {".", ".."}.isdisjoint(segments):
        raise UsageError(
            f"{key!r} is outside {API_PATH}/{kind}: a name must not have . or .. between its slashes"
        )
