"""Who may do what on Kafka: the one table that ACLs are made from and that a test walks."""

from typing import Final, NamedTuple

# R read, W write; both let a client see the topic. `operator` is for commands: they look at all topics, and send again what was
# refused, as order_api does for an operator who asks it to. Topics are made by the super user alone. `group:` are the consumer
# groups of the worker (ORDERCAST_WORKER_GROUP) and of the relay, for webhooks. By the transactional id the broker knows a relay
# that was suspended from the one that goes on in its place.
_TABLE: Final = """
                        order_api  relay  feature_worker  trainer  predictor  operator
orders                  RW         RW     R               -        -          RW
views                   RW         R      R               -        -          RW
predictions             RW         R      R               -        W          RW
models                  R          R      -               W        RW         R
products                R          RW     -               -        -          RW
accounts                R          W      -               -        -          RW
dead-letters            R          -      W               -        -          R
group:feature_worker    -          -      R               -        -          -
group:webhooks          -          R      -               -        -          -
transactional-id:states -          W      -               -        -          -
"""

_OPERATIONS: Final = {"R": "READ", "W": "WRITE"}
_KINDS: Final = {"group": "GROUP", "transactional-id": "TRANSACTIONAL_ID"}

# The super user, who makes topics and users.
ADMIN: Final = "admin"


class Right(NamedTuple):
    """What an ACL allows: READ or WRITE of a TOPIC, GROUP or TRANSACTIONAL_ID."""

    role: str
    kind: str
    name: str
    operation: str


def user_of(role: str) -> str:
    """The name that a role logs in with, as in PostgreSQL."""
    return f"ordercast_{role}"


def _parse(table: str) -> tuple[tuple[str, ...], frozenset[Right]]:
    head, *rows = table.strip("\n").splitlines()
    roles = tuple(head.split())
    rights = set[Right]()
    for row in rows:
        resource, *cells = row.split()
        prefix, _, name = resource.rpartition(":")
        kind = _KINDS[prefix] if prefix else "TOPIC"
        for role, cell in zip(roles, cells, strict=True):
            rights |= {Right(role, kind, name, _OPERATIONS[letter]) for letter in cell.strip("-")}
    return roles, frozenset(rights)


# The roles, each a user of its own, and all that they may do.
ROLES, RIGHTS = _parse(_TABLE)


def sorted_rights() -> list[Right]:
    """All of them, role after role as in the table."""
    return sorted(RIGHTS, key=lambda right: (ROLES.index(right.role), right))
