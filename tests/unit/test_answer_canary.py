"""The other half of the canary's provider."""

from dataclasses import dataclass, field

import pytest
from ringback.domain.errors import ProviderUnavailable
from ringback.domain.jobs import ProviderTaskId
from ringback.use_cases.answer_canary import AnswerCanary
from ringback.use_cases.canary_ports import CanaryTask, SignedCall

from tests.support.jobs import a_job_id

URL, LINK = "https://callbacks.example/callbacks/canary/j/t", "https://s3.example/picture.png"
TASK = CanaryTask(job_id=a_job_id(), task_id=ProviderTaskId("canary-1"), callback_url=URL)


@dataclass
class World:
    status: int = 200
    calls: list[tuple[str, SignedCall]] = field(default_factory=list)

    def link(self) -> str:
        return LINK

    def __call__(self, url: str, call: SignedCall) -> int:
        self.calls.append((url, call))
        return self.status

    def answer(self) -> None:
        AnswerCanary(picture=self, sign=sign, call_back=self)(TASK)


def sign(task_id: str, link: str) -> SignedCall:
    return SignedCall(headers={"signed": task_id}, body=link.encode())


def test_it_calls_back_with_a_link_to_the_picture() -> None:
    world = World()
    world.answer()
    assert world.calls == [(URL, SignedCall(headers={"signed": "canary-1"}, body=LINK.encode()))]


@pytest.mark.parametrize("status", [201, 302, 401, 500])
def test_a_callback_that_is_not_accepted_is_tried_again(status: int) -> None:
    with pytest.raises(ProviderUnavailable, match=str(status)):
        World(status=status).answer()
