"""The backend for types that nothing emulates: it records what was applied and tells it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sesari.rehearsal.provider.backend import Attributes, Label, ProviderError
from sesari.rehearsal.provider.fabricate import Place, fabricate
from sesari.rehearsal.provider.faults import Operation
from sesari.rehearsal.provider.schema import ProviderSchema
from sesari.rehearsal.provider.store import RecordStore

DataSource = Callable[[str, Attributes], Attributes]
Denial = Callable[[str, Operation], ProviderError]


@dataclass(frozen=True, slots=True)
class Recorded:
    """`table` holds each type's own computed values (see fabricate); `data_source` answers data sources.

    With `denied` set, every write raises the error that it makes of a type and an operation: a role that only reads.
    """

    store: RecordStore
    schema: ProviderSchema
    table: Mapping[str, Mapping[str, Any]]
    place: Place
    data_source: DataSource
    denied: Denial | None = None

    @property
    def label(self) -> Label:
        return "recorded only"

    def create(self, type: str, planned: Attributes) -> Attributes:
        """Raises ProviderError when the cloud would already have a resource of that id."""
        self._require_writable(type, "create")
        with self.store.exclusive():
            number = self.store.next(self._sequence(type, planned))
            seed = f"{self.place.account}/{type}/{self._name(planned)}/{number}"
            block = self.schema.resources[type].block
            own = dict(self.table.get(type, {}))
            if "revision" in own:
                own["revision"] = number
            state = self._storable(type, fabricate(type, planned, block, own, self.place, seed))
            id = self.key(type, state)
            if self.store.get(type, id) is not None:
                raise ProviderError(f"creating {_words(type)} ({id}): it already exists")
            self.store.put(type, id, state)
        return state

    def read(self, type: str, state: Attributes) -> Attributes | None:
        return self.store.get(type, self.key(type, state))

    def update(self, type: str, prior: Attributes, planned: Attributes) -> Attributes:
        """Raises ProviderError when the resource is gone."""
        self._require_writable(type, "update")
        with self.store.exclusive():
            id = self.key(type, prior)
            if self.store.get(type, id) is None:
                raise ProviderError(f"updating {_words(type)} ({id}): it was not found")
            recomputed = {name for name, value in planned.items() if value is None and prior.get(name) is not None}
            seed = f"{self.place.account}/{type}/{id}/{self.store.next(f'{type}/{id}/update')}"
            block = self.schema.resources[type].block
            fresh = fabricate(type, planned, block, self.table.get(type, {}), self.place, seed)
            state = {name: fresh[name] if name in recomputed else value for name, value in planned.items()}
            state = self._storable(type, state)
            self.store.put(type, id, state)
        return state

    def delete(self, type: str, prior: Attributes) -> None:
        self._require_writable(type, "delete")
        self.store.remove(type, self.key(type, prior))

    def find(self, type: str, id: str) -> Attributes | None:
        """By id, by the last part of a compound import id (`team/project`), or by a unique name."""
        for candidate in (id, id.rsplit("/", 1)[-1]):
            state = self.store.get(type, candidate)
            if state is not None:
                return state
        named = [state for _, state in self.store.all(type) if id in (state.get("name"), state.get("arn"))]
        return named[0] if len(named) == 1 else None

    def data(self, type: str, config: Attributes) -> Attributes:
        return self.data_source(type, config)

    def mutate(self, type: str, id: str, changes: Attributes | None) -> None:
        """Change a resource by hand, behind Terraform's back; None removes it. Raises KeyError when there is none."""
        with self.store.exclusive():
            state = self.store.get(type, id)
            if state is None:
                raise KeyError(f"no {type} {id} is recorded")
            if changes is None:
                self.store.remove(type, id)
            else:
                self.store.put(type, id, {**state, **changes, **_all_tags(state, changes)})

    def key(self, type: str, state: Attributes) -> str:
        """The id a resource is kept under: its `id`, or its required attributes for the few types without one."""
        if "id" in self.schema.resources[type].block.attributes:
            return str(state.get("id"))
        attributes = self.schema.resources[type].block.attributes.values()
        return "/".join(str(state.get(attribute.name)) for attribute in attributes if attribute.required)

    def _require_writable(self, type: str, operation: Operation) -> None:
        if self.denied is not None:
            raise self.denied(type, operation)

    def _storable(self, type: str, state: Attributes) -> Attributes:
        attributes = self.schema.resources[type].block.attributes
        return {
            name: None if name in attributes and attributes[name].write_only else value for name, value in state.items()
        }

    def _sequence(self, type: str, planned: Attributes) -> str:
        return f"{type}/{self._name(planned)}"

    def _name(self, planned: Attributes) -> str:
        names = (planned.get(name) for name in ("name", "family", "bucket", "domain", "alarm_name", "key"))
        return next((str(name) for name in names if name), "")


def _all_tags(state: Attributes, changes: Attributes) -> Attributes:
    """A hand that changes tags changes all tags: the difference between own and default tags is only Terraform's."""
    if "tags" not in changes or not isinstance(state.get("tags_all"), dict):
        return {}
    defaults = {key: value for key, value in state["tags_all"].items() if key not in (state.get("tags") or {})}
    return {"tags_all": {**defaults, **(changes["tags"] or {})}}


def _words(type: str) -> str:
    return " ".join(part.upper() if len(part) < 4 else part.capitalize() for part in type.split("_")[1:])
