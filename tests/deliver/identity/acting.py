"""An invented custodian."""

from deliver.states import Actor, Who
from gateway.auth import Role, User

PERSON = User("u-0123456789ab", "tini.contoh", frozenset({Role.CUSTODIAN}), disabled=False)
CUSTODIAN = Actor(Who.OPERATOR, PERSON.user_id)
