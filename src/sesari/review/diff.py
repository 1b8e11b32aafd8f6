"""What changed inside one resource, attribute by attribute, also inside JSON texts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sesari.model.json import Json
from sesari.model.plan import AttributePath, ResourceChange
from sesari.model.review import AttributeChange
from sesari.review.hazards import POLICY_ATTRIBUTES
from sesari.review.redact import REDACTED, Redactor, decoded, either, inner, label_of, secret_name

_DEEPEST: Final = 48
_KEYS: Final = ("name", "key", "Sid", "sid", "id")


@dataclass(frozen=True, slots=True)
class _Side:
    value: Json
    mark: Json

    def child(self, step: str | int) -> _Side:
        value = self.value
        if isinstance(value, dict) and isinstance(step, str):
            return _Side(value.get(step), inner(self.mark, step))
        if isinstance(value, list) and isinstance(step, int):
            return _Side(value[step] if step < len(value) else None, inner(self.mark, step))
        return _Side(None, self.mark is True)


_NOTHING: Final = _Side(None, False)


def attribute_changes(change: ResourceChange, redactor: Redactor) -> tuple[AttributeChange, ...]:
    """The changed attributes of an update or a replacement, in the order of their names, secrets redacted.

    What is only "known after apply" is left out, unless it forces the replacement or is a policy.
    """
    walk = _Walk(redactor, change.replace_paths)
    before, after = _Side(change.before, change.before_sensitive), _Side(change.after, change.after_sensitive)
    found = [one for one in walk.changes(before, after, change.unknown, ()) if not _nothing(one)]
    # The provider repeats every tag in tags_all; only what default tags add there says something new.
    tags = {_below(one) for one in found if one.path[:1] == ("tags",)}
    return tuple(one for one in found if one.path[:1] != ("tags_all",) or _below(one) not in tags)


def _below(change: AttributeChange) -> tuple[AttributePath, str, str]:
    return change.path[1:], repr(change.before), repr(change.after)


def _nothing(change: AttributeChange) -> bool:
    """True for a change between two ways of writing "nothing", which providers make at will."""
    empty: tuple[Json, ...] = (None, "", [], {})
    return change.before in empty and change.after in empty and not change.forces_replacement


@dataclass(frozen=True, slots=True)
class _Walk:
    redactor: Redactor
    forced: tuple[AttributePath, ...]

    def changes(self, before: _Side, after: _Side, unknown: Json, path: AttributePath) -> Iterator[AttributeChange]:
        if unknown is True:
            yield from self._unknown(before, path)
        elif _same(before.value, after.value, unknown):
            if path in self.forced:
                yield self._leaf(before, after, path)
        elif before.mark is True or after.mark is True or len(path) > _DEEPEST:
            yield self._leaf(_Side(before.value, True), _Side(after.value, True), path)
        elif isinstance(before.value, dict) or isinstance(after.value, dict):
            yield from self._objects(before, after, unknown, path)
        elif isinstance(before.value, list) and isinstance(after.value, list):
            yield from self._lists(before, after, unknown, path)
        else:
            yield from self._texts(before, after, path)

    def _unknown(self, before: _Side, path: AttributePath) -> Iterator[AttributeChange]:
        forces = self._forces(path)
        if forces or (path and path[0] in POLICY_ATTRIBUTES and before.value):
            yield AttributeChange(
                path=self.redactor.path(path),
                before=self._clean(before.value, before.mark, path),
                after=None,
                sensitive=before.mark is True,
                unknown=True,
                forces_replacement=forces,
            )

    def _objects(self, before: _Side, after: _Side, unknown: Json, path: AttributePath) -> Iterator[AttributeChange]:
        if not path or (
            _object_or_none(before.value) and _object_or_none(after.value) and before.value and after.value
        ):
            left, right = before.value or {}, after.value or {}
            if not isinstance(left, dict) or not isinstance(right, dict):
                yield self._leaf(before, after, path)
                return
            for key in sorted(left.keys() | right.keys() | (unknown.keys() if isinstance(unknown, dict) else set())):
                hidden = inner(unknown, key)
                if not hidden and left.get(key) == right.get(key) and not (self.forced and self._forces((*path, key))):
                    continue
                old, new = before.child(key), after.child(key)
                if key == "value" and any(secret_name((*label_of(side), key)) for side in (left, right)):
                    old, new = _Side(old.value, True), _Side(new.value, True)
                yield from self.changes(old, new, hidden, (*path, key))
        else:
            yield self._leaf(before, after, path)

    def _lists(self, before: _Side, after: _Side, unknown: Json, path: AttributePath) -> Iterator[AttributeChange]:
        keys = _key_of(before.value, after.value)
        if keys is not None:
            yield from self._keyed(before, after, unknown, path, keys)
            return
        left, right = _indexed(before), _indexed(after)
        common = Counter(_canon(side.value) for _, side in left) & Counter(_canon(side.value) for _, side in right)
        gone, came = _without(left, Counter(common)), _without(right, Counter(common))
        hidden = [step for step, _ in came if inner(unknown, step) is True]
        if hidden:  # each value that is known after apply stands for one that goes
            came = [(step, side) for step, side in came if step not in hidden]
            gone = gone[len(hidden) :]
        elif not gone and not came and not _any(unknown):
            yield self._leaf(before, after, path)  # only the order differs
        if len(gone) == len(came) == 1 and not isinstance(gone[0][1].value, dict):
            yield self._leaf(gone[0][1], came[0][1], path)
        elif len(gone) == len(came) and all(isinstance(side.value, dict) for _, side in (*gone, *came)):
            for (_, old), (step, new) in zip(gone, came, strict=True):
                yield from self.changes(old, new, inner(unknown, step), (*path, step))
        else:
            yield from (self._leaf(side, _NOTHING, path) for _, side in gone)
            yield from (self._leaf(_NOTHING, side, path) for _, side in came)

    def _keyed(
        self, before: _Side, after: _Side, unknown: Json, path: AttributePath, key: str
    ) -> Iterator[AttributeChange]:
        left, right = _by(before, key), _by(after, key)
        for name in sorted(left.keys() | right.keys()):
            _, old = left.get(name, (0, _NOTHING))
            step, new = right.get(name, (-1, _NOTHING))
            yield from self.changes(old, new, inner(unknown, step) if step >= 0 else False, (*path, name))

    def _texts(self, before: _Side, after: _Side, path: AttributePath) -> Iterator[AttributeChange]:
        left, right = decoded(before.value), decoded(after.value)
        if left is None or right is None or type(left) is not type(right):
            yield self._leaf(before, after, path)
        elif left != right:
            yield from self.changes(_Side(left, False), _Side(right, False), False, path)

    def _leaf(self, before: _Side, after: _Side, path: AttributePath) -> AttributeChange:
        mark = either(before.mark, after.mark)
        left, right = self._clean(before.value, mark, path), self._clean(after.value, mark, path)
        return AttributeChange(
            path=self.redactor.path(path),
            before=left,
            after=right,
            sensitive=mark is True or REDACTED in (left, right),
            forces_replacement=self._forces(path),
        )

    def _clean(self, value: Json, mark: Json, path: AttributePath) -> Json:
        # Names inside a policy are condition keys (`token.actions...:sub`), not names of secrets.
        named = () if path and path[0] in POLICY_ATTRIBUTES else path
        return self.redactor.clean(value, mark, named)

    def _forces(self, path: AttributePath) -> bool:
        return any(
            path[: len(forced)] == forced or ("*" in forced and path[:1] == forced[:1]) for forced in self.forced
        )


def _same(before: Json, after: Json, unknown: Json) -> bool:
    return before == after and not (unknown and _any(unknown))


def _object_or_none(value: Json) -> bool:
    return value is None or isinstance(value, dict)


def _any(unknown: Json) -> bool:
    """True when anything below is marked as unknown."""
    if isinstance(unknown, dict):
        return any(_any(child) for child in unknown.values())
    if isinstance(unknown, list):
        return any(_any(child) for child in unknown)
    return unknown is True


def _indexed(side: _Side) -> list[tuple[int, _Side]]:
    return [(i, side.child(i)) for i in range(len(side.value))] if isinstance(side.value, list) else []


def _without(sides: list[tuple[int, _Side]], common: Counter[str]) -> list[tuple[int, _Side]]:
    kept = []
    for step, side in sides:
        canon = _canon(side.value)
        if common[canon] > 0:
            common[canon] -= 1
        else:
            kept.append((step, side))
    return kept


def _key_of(before: Json, after: Json) -> str | None:
    """The attribute by which the objects of both lists are told apart, if there is one."""
    if not isinstance(before, list) or not isinstance(after, list):
        return None
    for key in _KEYS:
        if all(_told_apart(side, key) for side in (before, after)) and (before or after):
            return key
    return None


def _told_apart(entries: list[Json], key: str) -> bool:
    names = [entry.get(key) if isinstance(entry, dict) else None for entry in entries]
    return all(isinstance(name, str) and name for name in names) and len(set(map(str, names))) == len(names)


def _by(side: _Side, key: str) -> dict[str, tuple[int, _Side]]:
    return {str(child.child(key).value): (i, child) for i, child in _indexed(side)}


def _canon(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
