from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.delays import Widening, whole_seconds

SPANS = st.timedeltas(timedelta(0), timedelta(days=30))
SECOND = timedelta(seconds=1)


@given(SPANS, SPANS, SPANS, st.floats(0.01, 2))
def test_a_widening_delay_grows_with_age_within_its_bounds(
    age: timedelta, more: timedelta, longest: timedelta, share: float
) -> None:
    delay = Widening(share=share, shortest=SECOND, longest=longest)
    assert min(SECOND, longest) <= delay.after(age) <= delay.after(age + more) <= longest


def test_between_its_bounds_it_is_a_share_of_the_age() -> None:
    delay = Widening(share=0.25, shortest=SECOND)
    ages = [timedelta(seconds=seconds) for seconds in (0, 4, 8, 86_400)]
    assert [delay.after(age) / SECOND for age in ages] == [1, 1, 2, 21_600]


@pytest.mark.parametrize(("seconds", "whole"), [(0, 0), (0.001, 1), (1, 1), (59.1, 60), (-1.5, -1)])
def test_whole_seconds_are_rounded_up(seconds: float, whole: int) -> None:
    assert whole_seconds(timedelta(seconds=seconds)) == whole
