import pytest

from local.simulator.__main__ import main, read_arguments, settings_from
from local.simulator.settings import Settings


def test_the_arguments_become_the_settings() -> None:
    words = "--port 1 --kie-api-key K --kie-hmac-key H --generate-seconds 0.5 --link-seconds 9"
    words += " --image-seconds 2"
    assert settings_from(read_arguments(words.split())) == Settings(
        kie_api_key="K",
        kie_hmac_key="H",
        port=1,
        generate_seconds=0.5,
        link_seconds=9,
        image_seconds=2,
    )


def test_the_default_arguments_are_the_default_settings() -> None:
    given = settings_from(read_arguments(["--kie-api-key", "K"]))
    assert given == Settings(kie_api_key="K", port=4567)


def test_any_model_can_be_accepted() -> None:
    assert settings_from(read_arguments(["--kie-api-key", "K", "--kie-any-model"])).kie_any_model


@pytest.mark.parametrize("words", ["", "--kie-api-key K --link-seconds -1"])
def test_wrong_arguments_are_refused(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_arguments(words.split())
    assert "error:" in capsys.readouterr().err


def test_the_faults_can_be_listed_without_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--faults"]) == 0
    assert "no_callback " in capsys.readouterr().out


def test_the_repr_of_settings_has_no_keys() -> None:
    assert "SECRET" not in repr(Settings(kie_api_key="SECRET", kie_hmac_key="SECRET"))
