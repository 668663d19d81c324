# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests of an inventory: one list of each kind that is needed, none per host or per profile."""

from __future__ import annotations

import dataclasses
import typing as t

from ...module_utils.client import features
from ...module_utils.client.client import Client
from ...module_utils.client.errors import ApiError, UnreadableAnswer
from ...module_utils.client.objects import param_texts
from .filters import Filter
from .params import Aggregator
from .secrets import Patterns, remove_secrets
from .wanted import Wanted

Object = dict[str, t.Any]
Objects = list[Object]
ObjectsByKind = dict[str, Objects]
"""Kind -> its objects as the server sent them, without their secrets."""
OnMessage = t.Callable[[str], None]

_WORKERS = 4
_NOT_ACCEPTABLE = 406
_MISSING_INDEX_MESSAGE = "Filter not found: "


def fetch(client: Client, wanted: Wanted, on_message: OnMessage) -> ObjectsByKind:
    """What is wanted, as the server has it now.

    ``on_message`` gets a text for each filter that the server cannot apply.  Raises the errors of the client.
    """
    return _Fetch(client, wanted, on_message).run()


class _Fetch:
    def __init__(self, client: Client, wanted: Wanted, on_message: OnMessage) -> None:
        self._client = client
        self._wanted = wanted
        self._on_message = on_message
        self._client_side_filters: list[Filter] = []
        """The filters that the server cannot apply."""

    def run(self) -> ObjectsByKind:
        wanted = self._wanted
        machines = self._machines()
        compares_params = any(one.field.is_param for one in self._client_side_filters)
        with_params = wanted.profile_params or compares_params
        answer = {"machines": machines}
        if wanted.profiles or compares_params:
            answer["profiles"] = self._list("profiles", *([] if with_params else ["slim", "Params"]))
        if wanted.stages or compares_params:
            answer["stages"] = self._list("stages")
        if wanted.tenants:
            answer["tenants"] = self._list("tenants")
        if self._client_side_filters:
            answer["machines"] = self._filtered_machines(answer)
        secret = Patterns(wanted.secret_params)
        for kind in answer.keys() & {"machines", "profiles", "stages"}:
            remove_secrets(answer[kind], secret)
        return answer

    def _machines(self) -> Objects:
        """The machines that the server selects; a filter that it refuses is moved to this side."""
        server_side_filters = list(self._wanted.filters)
        words = self._query_words(server_side_filters)
        while True:
            try:
                return self._list("machines", *words, *self._slim_words())
            except ApiError as error:
                if param_texts.is_misread(error) and self._quote_texts(server_side_filters):
                    words = self._query_words(server_side_filters)
                    continue
                name = _missing_index(error)
                refused = [one for one in server_side_filters if one.name == name]
                if not refused:
                    raise
                for one in refused:
                    self._filter_client_side(one, "this server has no such index or param")
                server_side_filters = [
                    one
                    for one in server_side_filters
                    if one.name != name and one not in self._client_side_filters
                ]
                words = self._query_words(server_side_filters)

    def _query_words(self, asked: t.Sequence[Filter]) -> list[str]:
        words: list[str] = []
        names: set[str] = set()
        for one in asked:
            if one in self._client_side_filters:
                continue
            unsupported_reason = one.unsupported_reason(self._supports_set_filters)
            if not unsupported_reason and one.name in names:
                unsupported_reason = "the server treats two comparisons of one name as alternatives"
            if unsupported_reason:
                self._filter_client_side(one, unsupported_reason)
                continue
            names.add(one.name)
            words += self._in_words(one) if one.operator == "In" else one.words()
        return words

    def _quote_texts(self, asked: list[Filter]) -> bool:
        """Quote the texts that the server has misread; whether there are such."""
        before = {one.name: list(one.values) for one in asked if one.field.is_param}
        quoted = param_texts.quoted_texts(self._client, before)
        asked[:] = [dataclasses.replace(one, values=tuple(quoted.get(one.name, one.values))) for one in asked]
        return quoted != before

    def _in_words(self, one: Filter) -> list[str]:
        """``In``, also for a server that only knows it as several comparisons of one name."""
        if self._supports_set_filters() and not any("," in str(value) for value in one.values):
            return one.words()
        return [word for value in one.values for word in one.words("Eq", [value])]

    def _supports_set_filters(self) -> bool:
        return self._client.has_feature(features.SET_FILTERS.flag)

    def _filter_client_side(self, one: Filter, why: str) -> None:
        self._client_side_filters.append(one)
        self._on_message(f"filters: {one.name} {one.operator} is compared by the plugin: {why}")

    def _slim_words(self) -> list[str]:
        fields = [one.field for one in self._client_side_filters]
        left_out = []
        if not self._wanted.params and not any(field.is_param for field in fields):
            left_out.append("Params")
        if not self._wanted.meta and not any(field.name.startswith("Meta.") for field in fields):
            left_out.append("Meta")
        return ["slim", ",".join(left_out)] if left_out else []

    def _list(self, kind: str, *words: str) -> Objects:
        page_size = self._wanted.page_size if kind == "machines" else None
        found = self._client.list(kind, *words, page_size=page_size, workers=_WORKERS)
        if not all(isinstance(item, dict) for item in found):
            raise UnreadableAnswer(
                f"the list of {kind} contains an entry that is not an object", type="GET", code=200
            )
        return found

    def _filtered_machines(self, answer: ObjectsByKind) -> Objects:
        """The machines for which the filters of this side hold; params count wherever they are set."""
        aggregator = Aggregator(answer.get("profiles", ()), answer.get("stages", ()))
        defaults = {
            one.name: self._param_default(one.name) for one in self._client_side_filters if one.field.is_param
        }

        def wanted(machine: Object) -> bool:
            params = {**defaults, **aggregator.params_of(machine)} if defaults else {}
            return all(
                one.matches(lambda field: field.read(machine, params)) for one in self._client_side_filters
            )

        return [machine for machine in answer["machines"] if wanted(machine)]

    def _param_default(self, name: str) -> t.Any:
        """What the server takes for the value of a param that is nowhere set."""
        schema = (self._client.find("params", name) or {}).get("Schema")
        return schema.get("default") if isinstance(schema, dict) else None


def _missing_index(error: ApiError) -> str:
    """The name of the filter that the server refused because it has no such index; "" for other errors."""
    text = error.messages[0] if error.messages else ""
    found = error.code == _NOT_ACCEPTABLE and _MISSING_INDEX_MESSAGE in text
    return text.partition(_MISSING_INDEX_MESSAGE)[2].strip() if found else ""
