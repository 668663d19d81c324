# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The object store: one table per prefix, fed by a stack of layers of which only the first is writable."""

from __future__ import annotations

import json
from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .indexes import BadValue
from .models import Model
from .wire import Obj, dumps

WRITABLE = "BackingStore"


class Row:
    """One stored object at one revision; its data is never changed in place."""

    __slots__ = ("_text", "data", "forced", "key", "layer", "model")

    def __init__(self, model: Model, key: str, data: Obj, layer: str = WRITABLE) -> None:
        self.model = model
        self.key = key
        self.data = data
        self.layer = layer
        self.forced = False
        """Whether the last change of it was forced."""
        self._text: bytes | None = None

    @property
    def text(self) -> bytes:
        """What the API answers for the object, encoded once per revision."""
        if self._text is None:
            self._text = dumps(self.model.public(self.data))
        return self._text

    @property
    def full_text(self) -> bytes:
        """With the members that replies hide; events and patches see those."""
        return dumps(self.data) if self.model.hidden else self.text

    @property
    def read_only(self) -> bool:
        return self.layer != WRITABLE

    def copy(self) -> Obj:
        """A deep copy to change and store again."""
        copied: Obj = json.loads(self.full_text)
        return copied

    def refresh(self, **members: object) -> None:
        """Recomputed members (availability) replace the old ones without being a new write."""
        self.data = {**self.data, **members}
        self._text = None


class Table:
    """The visible objects of one prefix."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.rows: dict[str, Row] = {}
        self.changes = 0
        self._order: list[str] | None = []
        # jobs call their Machine index unique although many jobs share a machine
        names = [i.name for i in model.indexes.values() if i.unique and i.path != (model.key_field,)]
        self._unique: dict[str, dict[object, str]] = {
            n: {} for n in names if (model.prefix, n) != ("jobs", "Machine")
        }
        self._addresses: dict[str, set[str]] = {}

    @property
    def size(self) -> int:
        # no __len__: an empty table is not false
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        """Rows in key order."""
        if self._order is None:
            self._order = sorted(self.rows)
        rows = self.rows
        return (rows[key] for key in self._order)

    def get(self, key: str) -> Row | None:
        return self.rows.get(key)

    def find(self, asked: str) -> Row | None:
        """The object a path names, by key or by ``Index:value`` of a unique index."""
        row = self.rows.get(self.model.asked_key(asked))
        if row or ":" not in asked:
            return row
        name, value = asked.split(":", 1)
        index = self.model.indexes.get(name)
        if not index or not index.unique:
            return None
        if index.path == (self.model.key_field,):
            return self.rows.get(self.model.asked_key(value))
        try:
            wanted = index.parse(value)
        except BadValue:
            return None
        if name in self._unique:
            key = self._unique[name].get(wanted)
            return self.rows.get(key) if key is not None else None
        return next((r for r in self.rows.values() if index.value(r.data) == wanted), None)

    def put(self, row: Row) -> None:
        old = self.rows.get(row.key)
        if old:
            self._forget(old)
        elif self._order is not None:
            insort(self._order, row.key)
        self.rows[row.key] = row
        self.changes += 1
        for name, values in self._unique.items():
            values[self._value(name, row.data)] = row.key
        if address := self._address(row):
            self._addresses.setdefault(address, set()).add(row.key)

    def drop(self, row: Row) -> None:
        self._forget(row)
        del self.rows[row.key]
        self.changes += 1
        self._order = None

    def clashes(self, key: str, data: Obj) -> Iterator[str]:
        """Names of unique indexes on which the object collides with another one."""
        for name, values in self._unique.items():
            if values.get(self._value(name, data), key) != key:
                yield name

    def at_address(self, address: str) -> set[str]:
        """Keys of the machines with that address."""
        return self._addresses.get(address, set())

    def _value(self, name: str, data: Obj) -> object:
        return self.model.indexes[name].value(data)

    def _address(self, row: Row) -> str:
        return row.data["Address"] if self.model.prefix == "machines" else ""

    def _forget(self, row: Row) -> None:
        for name, values in self._unique.items():
            value = self._value(name, row.data)
            if values.get(value) == row.key:
                del values[value]
        if address := self._address(row):
            self._addresses.get(address, set()).discard(row.key)


@dataclass
class Layer:
    """A read-only set of objects: built-in, from a plugin, or an uploaded content pack."""

    name: str
    type: str
    meta: dict[str, str]
    sections: dict[str, dict[str, Obj]] = field(default_factory=dict)


class Store:
    def __init__(self, models: Mapping[str, Model]) -> None:
        self.tables: dict[str, Table] = {prefix: Table(model) for prefix, model in models.items()}
        self.layers: dict[str, Layer] = {}
        self.loading = False
        """Whether the objects are being read anew, kind by kind."""

    def __getitem__(self, prefix: str) -> Table:
        return self.tables[prefix]

    def get(self, prefix: str, key: str) -> Row | None:
        table = self.tables.get(prefix)
        return table.get(key) if table else None

    def data(self, prefix: str, key: str) -> Obj | None:
        row = self.get(prefix, key)
        return row.data if row else None

    def add_type(self, model: Model) -> None:
        self.tables.setdefault(model.prefix, Table(model))

    def remove_type(self, prefix: str) -> None:
        self.tables.pop(prefix, None)

    def stack(self) -> list[Layer]:
        """Read-only layers from the weakest to the strongest."""
        strength = {"basic": 0, "plugin": 1, "default": 2, "dynamic": 3}
        return sorted(self.layers.values(), key=lambda layer: (strength[layer.type], layer.name))

    def restore(self, rows: Mapping[str, list[Row]]) -> None:
        """Back to the given rows."""
        for prefix, table in self.tables.items():
            for row in list(table):
                table.drop(row)
            for row in rows[prefix]:
                table.put(row)

    def load(self, rows: Iterable[Row]) -> None:
        """Replace every read-only row by the given ones; writable rows win over all of them."""
        for table in self.tables.values():
            for row in [row for row in table.rows.values() if row.read_only]:
                table.drop(row)
        for row in rows:
            table = self.tables[row.model.prefix]
            present = table.get(row.key)
            if not present or present.read_only:
                table.put(row)
