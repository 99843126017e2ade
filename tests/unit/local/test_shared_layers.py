"""Functions of the local AWS share one unpacked copy of each layer."""

import tempfile
import zipfile
from pathlib import Path

import pytest

from local.shared_layers import MANY_FILES, SharedArchive


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def unpack(archive: Path, folder: Path) -> Path:
    folder.mkdir()
    with SharedArchive(archive) as opened:
        opened.extractall(folder)
    return folder


def an_archive(path: Path, *, files: int, text: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(files):
            archive.writestr(f"python/package/m{number}.py", f"{text}{number}")
    return path


def test_a_layer_is_unpacked_once(tmp_path: Path, temporary: Path) -> None:
    archive = an_archive(tmp_path / "layer.zip", files=MANY_FILES)
    first, second = unpack(archive, tmp_path / "first"), unpack(archive, tmp_path / "second")
    for folder in (first, second):
        assert (folder / "python/package/m7.py").read_text() == "7"
        assert (folder / "python").is_symlink()
    assert len(list(temporary.iterdir())) == 1


def test_a_layer_with_other_contents_is_another(tmp_path: Path) -> None:
    old = an_archive(tmp_path / "old.zip", files=MANY_FILES)
    new = an_archive(tmp_path / "new.zip", files=MANY_FILES, text="new ")
    unpack(old, tmp_path / "first")
    assert (unpack(new, tmp_path / "second") / "python/package/m7.py").read_text() == "new 7"


def test_the_code_of_a_function_is_unpacked_as_usual(tmp_path: Path, temporary: Path) -> None:
    folder = unpack(an_archive(tmp_path / "code.zip", files=2), tmp_path / "code")
    assert not (folder / "python").is_symlink()
    assert list(temporary.iterdir()) == []
