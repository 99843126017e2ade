import pytest

from local.locks import mistakes_in


@pytest.mark.parametrize(
    ("lock", "mistake"),
    [
        ("", "httpx~=0.28 is not locked"),
        ("httpx==0.27.0 \\\n    --hash=sha256:00", "does not allow the locked 0.27.0"),
        ("httpx==0.28.1", "httpx==0.28.1 has no hash"),
        ("--index-url https://x.invalid\nhttpx==0.28.1 --hash=sha256:00", "names an index"),
        ("httpx==0.28.1 ; python_version < '4' \\\n    --hash=sha256:00", None),
    ],
)
def test_a_stale_lock_is_noticed(lock: str, mistake: str | None) -> None:
    found = list(mistakes_in(lock, ["httpx~=0.28"]))
    assert found == [] if mistake is None else any(mistake in line for line in found)
