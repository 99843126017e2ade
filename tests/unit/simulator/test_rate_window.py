from local.simulator.rate_window import RateWindow


def test_the_window_slides_and_a_refused_attempt_takes_no_place() -> None:
    window = RateWindow(limit=2, seconds=10)
    answers = [window.admit(now=now) for now in (0, 6, 9, 9.9, 10, 11, 16)]
    assert answers == [True, True, False, False, True, False, True]
