"""Who wrote: X tells users beside the items, in one shape or another."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connectors.x.values import at, handle, identifier, listed, words
from normalizer.draft import Sender, SenderKind


@dataclass(frozen=True, slots=True)
class Person:
    """One user, as far as X tells."""

    user_id: str | None
    #: With its @.
    handle: str | None = None
    name: str | None = None

    @property
    def sender(self) -> Sender:
        """The handle, since people know each other by it; else the id."""
        address = self.handle or self.user_id
        kind = SenderKind.HANDLE if address else SenderKind.NONE
        return Sender(kind=kind, address=address, name=self.name)


class People:
    """The users of one request: an object by id (1.1), or a list (2); each perhaps in ``data``."""

    def __init__(self, users: object) -> None:
        self._known = {
            person.user_id: person for person in map(person_of, _each(users)) if person.user_id
        }
        self._raw = users

    def get(self, user_id: str | None) -> Person:
        """Whoever has this id; without name when X does not tell."""
        return self._known.get(user_id or "", Person(user_id))

    def excerpt(self, user_id: str | None) -> dict[str, object]:
        """What X told of this one user, to be kept beside an item."""
        raw = [one for one in _each(self._raw) if user_id and person_of(one).user_id == user_id]
        return {str(user_id): raw[0]} if raw else {}


def person_of(user: object) -> Person:
    """A user object of either version."""
    return Person(
        user_id=identifier(at(user, "id_str"), at(user, "id")),
        handle=handle(at(user, "screen_name")) or handle(at(user, "username")),
        name=words(at(user, "name")),
    )


def _each(users: object) -> Iterator[object]:
    if isinstance(users, Mapping):
        for user_id, user in users.items():
            inner = at(user, "data") if at(user, "data") is not None else user
            # In the object of 1.1 the id is the name, and may stand nowhere else.
            yield {"id": user_id, **inner} if isinstance(inner, Mapping) else {"id": user_id}
    for user in listed(users):
        yield at(user, "data") if at(user, "data") is not None else user
