# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The client: one endpoint, one set of credentials, and everything one can do with objects there."""

from __future__ import annotations

import copy
import itertools
import typing as t

from . import features, filters, limits, models, pages
from .auth import Session, replace_refused
from .errors import (
    REVOKED_TOKEN_MESSAGE,
    ApiError,
    LoginRequired,
    NotFound,
    NotPermitted,
    UnservedKind,
    UsageError,
)
from .patch import Patch
from .request import Request, api_url, refuse_dots
from .transport import Answer, Body, Transport

if t.TYPE_CHECKING:
    from .events.stream import EventStream

Json = t.Any
Object = dict[str, t.Any]
Objects = list[Object]

_CANNOT_SEND_AGAIN = (
    "the token was refused in the middle of a body that can be read only once. There is a new token now: "
    "send it again"
)


class Client:
    """Talks to one DRP endpoint.  Safe to share between threads; objects are plain dicts."""

    def __init__(self, transport: Transport, session: Session) -> None:
        self.transport = transport
        self.session = session
        self.trace_level = ""
        self.trace_marker = ""
        self.fail_fast = False
        self.timeout: float | None = None
        self.writes = 0
        """How many requests that change something have succeeded."""
        self.param_security: dict[str, bool] = {}
        """Whether params were secure when they were last looked at; see :mod:`.secure`."""
        self._info: Object | None = None

    # -- session

    @property
    def endpoint(self) -> str:
        return self.transport.endpoint

    @property
    def username(self) -> str:
        """The user of the session; "" for a session of a bare token."""
        return self.session.username

    @property
    def secrets(self) -> set[str]:
        """What must reach no output: the credentials, and each token of the session so far."""
        return set(self.session.secrets)

    @property
    def warnings(self) -> list[str]:
        """What whoever started this should hear, apart from what went wrong."""
        return list(self.session.warnings)

    def token(self) -> str:
        """The token in use; logs in when there is none yet."""
        return self.session.token()

    def trace(self, level: str) -> None:
        """Have the server log all requests at ``level`` (``trace debug info warn error``); "" is off."""
        self.trace_level = level

    def trace_token(self, marker: str) -> None:
        """A text that the server logs with each request; sent only while a trace level is set."""
        self.trace_marker = marker

    def close(self) -> None:
        """Close idle connections; later calls fail with ``Connection Closed``.  May be called twice."""
        self.transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    def with_timeout(self, timeout: float) -> Client:
        """The same client, but its requests are tried once and fail after ``timeout`` silent seconds."""
        limited = copy.copy(self)
        limited.fail_fast, limited.timeout = True, timeout
        return limited

    # -- requests

    def req(self) -> Request:
        """A new request, GET by default."""
        return Request(self)

    def url_for(self, *parts: str) -> str:
        """The URL of ``parts`` below ``/api/v3``."""
        return api_url(self.endpoint, parts)

    def authorize(self, headers: dict[str, str], fail_fast: bool = False) -> dict[str, str]:
        """Add the bearer token, if there is one, unless ``headers`` hold an Authorization already."""
        if "Authorization" not in headers and (token := self.session.token(fail_fast)):
            headers["Authorization"] = f"Bearer {token}"
        return headers

    def send(
        self,
        method: str,
        url: str,
        headers: t.Mapping[str, str],
        body: Body = None,
        stream: bool = False,
        fail_fast: bool = False,
        timeout: float | None = None,
    ) -> Answer:
        """Send with credentials; replaces the token, and sends again, when it is refused.

        The server answers an expired token with a 401 or 403 that has no body, a revoked one with a 403
        "Validation failed".  Any other 403 with an error object means "not permitted" and is handed on.
        Raises LoginRequired or TokenRevoked when there is no other token, or each is refused
        (`replace_refused`).
        """
        own = "Authorization" in headers
        start = body.tell() if body is not None and not isinstance(body, bytes) and body.seekable() else None
        replayable = body is None or isinstance(body, bytes) or start is not None
        for number in itertools.count(1):
            authorized = self.authorize(dict(headers), fail_fast)
            answer = self.transport.send(method, url, authorized, body, stream, fail_fast, timeout)
            if method not in ("GET", "HEAD") and answer.status < 400:
                self.writes += 1
            revoked = answer.status == 403 and REVOKED_TOKEN_MESSAGE.encode() in answer.body
            if own or not (revoked or (answer.status in (401, 403) and not answer.body)):
                return answer
            refused = authorized.get("Authorization", "").partition(" ")[2]
            if not replace_refused(self.session, refused, number, fail_fast):
                break
            if not replayable:
                raise LoginRequired(_CANNOT_SEND_AGAIN, type="AUTH", code=answer.status)
            if start is not None:
                t.cast(t.IO[bytes], body).seek(start)
        if revoked:
            raise self.session.on_token_revoked()
        raise self.session.explain(LoginRequired(type="AUTH", code=answer.status))

    # -- objects

    def create(self, kind: str, item: Object, force: bool = False) -> Object:
        """Create an object; the state the server gave it.

        A reply that was lost on the way is recognised: when a later try finds the object there, with
        what we sent in it, it is ours.  Raises Conflict if it exists, Invalid if it does not validate.
        """
        request = self.req().post(item).url_for(kind).params(*self._force_query(kind, force, creates=True))
        return t.cast(Object, self._create_once(kind, item, request.do_object))

    def request_job(self, wanted: Object) -> Object | None:
        """Have the server make the next job of a machine, or show the open one; None for nothing to do."""
        return self._create_once("jobs", wanted, self.req().post(wanted).url_for("jobs").do)

    def get(self, kind: str, key: str, **query: str) -> Object:
        """One object by its key or by ``Index:value`` of a unique index; NotFound without it."""
        pairs = [part for pair in query.items() for part in pair]
        return self.req().get().url_for(kind, _require_key("get", kind, key)).params(*pairs).do_object()

    def find(self, kind: str, key: str) -> Object | None:
        """Like :meth:`get`, but None when there is no such object.

        UnservedKind when the server has no such kind: nothing is known of the object then.
        """
        try:
            return self.get(kind, key)
        except UnservedKind:
            raise
        except NotFound:
            return None

    def exists(self, kind: str, key: str) -> bool:
        """Whether an object is there; also False for kinds without HEAD, such as interfaces."""
        try:
            self.req().head().url_for(kind, _require_key("look for", kind, key)).do()
        except NotFound:
            return False
        return True

    def list(
        self,
        kind: str,
        *words: str,
        page_size: int | None = None,
        workers: int = 1,
        params: t.Sequence[str] | None = None,
        decode: bool = False,
    ) -> Objects:
        """All objects that match the filter ``words`` (see :mod:`.filters`), read to the last one.

        One request gets everything unless ``page_size`` asks for pages: the server sorts the whole
        set for each page.  No object is lost or doubled while others come and go between two pages.
        Of machines and jobs ``workers`` pages are read at a time.

        ``params`` limits what comes of Params to these names, and ``decode`` shows secure values in
        clear.  Neither such objects nor slimmed ones are fit for patching.  UsageError for what this
        server does not support.
        """
        query = filters.build_query(words)
        query += [("params", ",".join(params))] if params else []
        query += [("decode", "true")] if decode else []
        self.require_query_features(query)
        names = {name for name, _value in query}
        if names & {"limit", "offset"}:
            return self._page(kind, query)[0]
        budget = pages.Budget(kind, limits.LIST_ANSWERS * self.transport.max_answer)

        def fetch(more: filters.QueryPairs) -> pages.Page:
            page, answer = self._page(kind, more)
            return budget.take(page, answer.headers, len(answer.body))

        return pages.read(fetch, kind, query, page_size, workers)

    def fill(self, kind: str, item: Object, key: str | None = None) -> Object:
        """Bring ``item`` up to date, in place, from the object with its key, or with ``key``."""
        if key is None:
            return self.req().fill(kind, item)
        item.update(self.get(kind, key))
        return item

    def get_for_patch(self, kind: str, key: str, **query: str) -> tuple[Object, Object]:
        """An object twice, with one request: change the second, then :meth:`patch_to`."""
        item = self.get(kind, key, **query)
        return item, copy.deepcopy(item)

    def put(self, kind: str, item: Object, force: bool = False) -> Object:
        """Replace the whole object, without protection against other writers.

        Members that are left out become empty.  For a user that erases the password: patch instead.
        """
        request = self.req().put(item).url_for_m(kind, item)
        return request.params(*self._force_query(kind, force)).do_object()

    def patch(self, kind: str, key: str, operations: Patch, force: bool = False) -> Object:
        """Send JSON patch operations; the new state.  Conflict when a ``test`` does not hold.

        ``force`` has the server skip the checks that it offers to skip: a v3.12 server those of
        changes of machines, a v4 server some of every write.
        """
        request = self.req().patch(operations).url_for(kind, _require_key("patch", kind, key))
        return request.params(*self._force_query(kind, force)).do_object()

    def patch_to(self, kind: str, old: Object, new: Object, paranoid: bool = False) -> Object:
        """Patch ``old`` into ``new``, guarded by what ``old`` says; the new state."""
        return self.req().patch_to_full(kind, old, new, paranoid)

    def delete(self, kind: str, key: str) -> Object | None:
        """Delete an object; the state in which it was deleted, None for kinds that do not tell."""
        return t.cast(
            "Object | None", self.req().del_().url_for(kind, _require_key("delete", kind, key)).do()
        )

    # -- the server itself

    def info(self) -> Object:
        """Information about the server: version, features, ports. Read once per client."""
        if self._info is None:
            self._info = self.session.info or self.req().get().url_for("info").do_object()
        return self._info

    def version(self) -> str:
        """The version that the server tells, or ``unknown``."""
        return str(self.info().get("version") or "unknown")

    def has_feature(self, name: str) -> bool:
        return name in (self.info().get("features") or [])

    def require_feature(self, feature: features.Feature, what: str) -> None:
        """Raise UsageError, naming ``what`` needs it, unless the server has the feature."""
        if not self.has_feature(feature.flag):
            raise UsageError(
                f"{what}: not supported by this server (version {self.version()}, "
                f"without the feature {feature.flag})"
            )

    def require_query_features(self, query: filters.QueryPairs) -> None:
        """Raise UsageError for what is in the query of a list and this server would misunderstand."""
        for what, feature in filters.required_features(query):
            self.require_feature(feature, what)

    def logs(self) -> Objects:
        """The last 1000 lines of the server's log, oldest first."""
        return t.cast(Objects, self.req().get().url_for("logs").do() or [])

    def events(self) -> EventStream:
        """A new event stream in the name of this session; close it when done.  See :mod:`.events`."""
        from .events.stream import EventStream  # loaded here: most tasks listen to nothing

        return EventStream(self)

    def all_indexes(self) -> dict[str, dict[str, Object]]:
        """Kind -> index name -> ``{"Type", "Unique"}``."""
        return self.req().get().url_for("indexes").do_object()

    def indexes(self, kind: str) -> dict[str, Object]:
        """Index name -> ``{"Type", "Unique"}`` of one kind; an unknown kind has the four base indexes."""
        return self.req().get().url_for("indexes", kind).do_object()

    def one_index(self, kind: str, name: str) -> Object:
        """One index, ``{}`` if there is none.  A param name is an index of Type ``parameter``."""
        try:
            return self.req().get().url_for("indexes", kind, name).do_object()
        except NotFound:
            return {}

    def kinds(self) -> t.Sequence[str]:
        """The kinds that this server serves, those that plugins registered among them."""
        return sorted({*self.all_indexes(), *(self.info().get("scopes") or {})} - models.NOT_MODELS)

    def require_kind(self, kind: str) -> models.Model:
        """The model of ``kind``; asks the server only about kinds that the table does not have."""
        if kind not in models.MODELS:
            models.require(kind, self.kinds())
            models.learn(kind, self.indexes(kind))
        return models.get(kind)

    # -- inside

    def _force_query(self, kind: str, force: bool, creates: bool = False) -> tuple[str, ...]:
        if not force:
            return ()
        known = (kind == "machines" and not creates) or self.has_feature(features.V4.flag)
        return ("force", "true") if known else ()

    def _page(self, kind: str, query: filters.QueryPairs) -> tuple[Objects, Answer]:
        request = self.req().list(kind).params(*(part for pair in query for part in pair))
        page = request.do()
        return page, t.cast(Answer, request.answer)

    def _create_once(self, kind: str, item: Object, send: t.Callable[[], Object | None]) -> Object | None:
        try:
            return send()
        except ApiError as error:
            created = self._created_by_lost_attempt(kind, item, error)
            if created is None:
                raise
            return created

    def _created_by_lost_attempt(self, kind: str, item: Object, error: ApiError) -> Object | None:
        key = models.key_of(kind, item)
        if error.attempts < 2 or error.code != 409 or not key:
            return None
        try:
            there = self.get(kind, key)
        except (NotFound, NotPermitted):
            return None
        return there if _contains(there, item) else None


def _require_key(verb: str, kind: str, key: str) -> str:
    """``key``, unless it is empty, or has a slash that no key of the kind has.

    The request would address all objects of the kind, or something that an object has below it.
    """
    if not key:
        raise UsageError(f"Cannot {verb} {kind} with an empty key")
    refuse_dots(kind, key)
    if "/" in key and kind in models.MODELS and kind not in models.KINDS_WITH_SLASHES:
        raise NotFound("Not Found", model=kind, key=key, type=verb.upper(), code=404)
    return key


def _contains(there: Json, sent: Json) -> bool:
    """Whether all that was sent is in the object, which the server has filled up with defaults."""
    if isinstance(sent, dict) and isinstance(there, dict):
        return all(name in there and _contains(there[name], value) for name, value in sent.items())
    if isinstance(sent, list) and isinstance(there, list):
        return len(sent) == len(there) and all(map(_contains, there, sent))
    return bool(there == sent)
