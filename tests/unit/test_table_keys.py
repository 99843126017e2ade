"""Whatever clients are called, none of them has an item of another's."""

from collections.abc import Iterator
from typing import Final

from hypothesis import example, given
from hypothesis import strategies as st
from ringback.aws.receivers import DEFAULT, HOSTS
from ringback.aws.table_items import (
    count_key,
    idempotency_key,
    list_of,
    live_key,
    live_minute_key,
    receiver_key,
)
from ringback.domain.client_keys import is_client_name

# Of what stands between the parts of keys, and the parts themselves.
PARTS: Final = ("a", "#", "/", "0", DEFAULT, HOSTS, "connections", "receipts/", "b.example:8443")
NAMES: Final = st.lists(st.sampled_from(PARTS), min_size=1, max_size=5).map("".join)


def keys_of(client: str) -> Iterator[str]:
    items = [live_key(client), *(receiver_key(client, host) for host in (DEFAULT, HOSTS))]
    items += [receiver_key(client, host) for host in ("a.example", "b.example:8443")]
    for number in (0, 29_000_000):
        items += [live_minute_key(client, number), count_key(client, number)]
    items += [idempotency_key(client, key) for key in ("a", "a#0", "#")]
    yield from (item["job_id"]["S"] for item in items)
    # In an index of its own.
    yield f"source {list_of(client)}"


@given(one=NAMES, other=NAMES)
@example(one="a", other="a#connections")
@example(one="a", other=f"a#{HOSTS}")
def test_no_two_clients_share_an_item(one: str, other: str) -> None:
    assert is_client_name(one)
    own, others = list(keys_of(one)), set(keys_of(other))
    assert len(set(own)) == len(own)
    assert one == other or others.isdisjoint(own)
