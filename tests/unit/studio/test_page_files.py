import gzip
import json
import re
from html import unescape
from pathlib import Path

import pytest
from ringback.studio.page_files import page_files

SETTINGS = {"api": "https://api.example"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text('<script src="./app.js"></script> "./other" ü')
    (tmp_path / "app.js").write_text('import { two } from "./two.js";\n')
    (tmp_path / "two.js").write_text("export const two = 2;\n")
    (tmp_path / "style.css").write_text("p { color: red }")
    return tmp_path


def version_of(folder: Path) -> str:
    page = page_files(folder, SETTINGS)["/"].content.decode()
    found = re.search(r'"\./assets/([0-9a-f]{20})/app\.js"', page)
    assert found, page
    return found[1]


def test_assets_have_the_hash_of_all_of_them_in_their_paths(folder: Path) -> None:
    files = page_files(folder, SETTINGS)
    version = version_of(folder)
    assert files.keys() == {
        "/",
        *(f"/assets/{version}/{name}" for name in ("app.js", "style.css")),
    }
    assert '"./other" ü' in files["/"].content.decode()
    assert "const two = 2;" in files[f"/assets/{version}/app.js"].content.decode()


@pytest.mark.parametrize("name", ["two.js", "style.css"])
def test_a_change_of_any_asset_changes_all_paths(folder: Path, name: str) -> None:
    before = version_of(folder)
    assert before == version_of(folder)
    changed = folder / name
    changed.write_text(changed.read_text() + " ")
    assert version_of(folder) != before


def test_a_renamed_asset_changes_all_paths(folder: Path) -> None:
    before = version_of(folder)
    (folder / "style.css").rename(folder / "other.css")
    assert version_of(folder) != before


def test_only_assets_are_kept_for_ever(folder: Path) -> None:
    files = page_files(folder, SETTINGS)
    assert [path for path, file in files.items() if not file.is_immutable] == ["/"]


def test_a_file_has_its_kind_and_a_tag_of_its_content(folder: Path) -> None:
    files = page_files(folder, SETTINGS)
    kinds = {path.rpartition(".")[2]: file.kind for path, file in files.items()}
    assert kinds == {
        "/": "text/html; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
        "css": "text/css; charset=utf-8",
    }
    assert len({file.etag for file in files.values()}) == len(files)
    assert all(re.fullmatch(r'W/"[0-9a-f]{20}"', file.etag) for file in files.values())


def test_the_settings_are_in_the_page(folder: Path) -> None:
    settings = {"api": 'https://api.example/?"><script>&amp;'}
    (folder / "index.html").write_text('<meta name="ringback-settings" content="{}">')
    page = page_files(folder, settings)["/"].content.decode()
    found = re.fullmatch(r'<meta name="ringback-settings" content="([^"<>]*)">', page)
    assert found, page
    assert json.loads(unescape(found[1])) == settings


def test_compressed_content_is_gzip(folder: Path) -> None:
    for file in page_files(folder, SETTINGS).values():
        assert gzip.decompress(file.compressed()) == file.content
        assert file.compressed() is file.compressed()


def test_a_file_of_an_unknown_kind_is_refused(folder: Path) -> None:
    (folder / "font.woff").write_text("x")
    with pytest.raises(KeyError):
        page_files(folder, SETTINGS)
