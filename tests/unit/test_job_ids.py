from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.job_ids import RANDOM_BYTES, first_of_its_time, is_job_id, new_job_id

moments = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 given the zone below
    max_value=datetime(2900, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
randomness = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)


@given(moments, randomness)
def test_a_new_job_id_is_valid(moment: datetime, random: bytes) -> None:
    assert is_job_id(new_job_id(moment, random))


@given(moments, moments, randomness, randomness)
def test_ids_sort_by_creation_time(
    one: datetime, other: datetime, random_one: bytes, random_other: bytes
) -> None:
    if int(one.timestamp() * 1000) < int(other.timestamp() * 1000):
        assert new_job_id(one, random_one) < new_job_id(other, random_other)


@given(moments, randomness)
def test_no_id_of_the_same_millisecond_is_lower_than_the_first(
    moment: datetime, random: bytes
) -> None:
    first = first_of_its_time(new_job_id(moment, random))
    assert first == new_job_id(moment, bytes(RANDOM_BYTES))
    assert first <= new_job_id(moment, random)


def test_all_80_random_bits_count() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    ids = {new_job_id(moment, (1 << bit).to_bytes(RANDOM_BYTES)) for bit in range(80)}
    assert len(ids) == 80


@given(st.text(max_size=40))
def test_other_text_is_not_a_job_id(text: str) -> None:
    assert not is_job_id(text)
    assert not is_job_id(f"idempotency#{text}")
