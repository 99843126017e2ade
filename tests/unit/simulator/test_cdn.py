"""The simulated CDN, which answers as slowly as it is told."""

from local.simulator.cdn import Cdn
from local.simulator.http_messages import Request
from local.simulator.images import Drawing
from local.simulator.links import CDN_PATH, Links, Picture


def test_an_image_is_waited_for_and_a_missing_file_is_not() -> None:
    links, waits = Links(new_id=lambda: "x"), list[int]()
    drawing = Drawing(task_id="t", index=0, seed=1, size=(8, 8), kind="png", prompt="a kite")
    path = links.mint(Picture(drawing=drawing, faults={}), expires_at=10)
    (get,) = Cdn(links, lambda: 0, lambda: waits.append(1)).routes().values()
    headers = {"user-agent": "ringback"}
    missing = Request(method="GET", path=f"{CDN_PATH}other/1.png", headers=headers)
    assert get(missing).status == 404
    assert waits == []
    assert get(Request(method="GET", path=path, headers=headers)).status == 200
    assert waits == [1]
