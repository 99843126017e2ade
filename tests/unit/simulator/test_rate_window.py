from local.simulator.rate_window import RateWindow


def test_the_window_slides_and_ignores_refused_attempts() -> None:
    window = RateWindow(limit=2, seconds=10)
    answers = [window.admit(now=now) for now in (0, 6, 9, 9.9, 10, 11, 16)]
    assert answers == [True, True, False, False, True, False, True]
