"""The layer's packages load less than they could, and still work."""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from layers.dependencies.reduce_packages import EDITS, edit, main
from tests.support.interpreters import printed_by

PACKAGES = sorted({name.partition("/")[0] for name, *_ in EDITS})
# What each of them would load by itself.
REPORT = """
import sys
import certifi, pydantic_core, urllib3
from aws_lambda_powertools import Logger
from botocore.session import Session
keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
Session().create_client("s3", region_name="eu-west-1", **keys).meta
from PIL import Image, JpegImagePlugin
Image.preinit()
print(*sorted(sys.modules), sep="\\n")
Logger(service="x").inject_lambda_context(lambda _event, _context: None)
assert certifi.contents() == open(certifi.where(), encoding="ascii").read() != ""
"""
UNUSED = {
    *("aws_lambda_powertools.metrics", "aws_lambda_powertools.tracing", "configparser", "jmespath"),
    *("importlib.metadata", "importlib.resources", "zipfile", "subprocess"),
    *("pydantic_core.core_schema", "PIL.BmpImagePlugin", "PIL.GifImagePlugin"),
    "aws_lambda_powertools.shared.user_agent",
}
if sys.version_info >= (3, 12):  # before, pydantic's core has its TypedDict from there
    UNUSED.add("typing_extensions")
# What is left out until somebody needs it.
TOLD = """print('{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "b"}')"""
NEEDED = """
import sys
from pathlib import Path
from types import SimpleNamespace
import pydantic_core
from botocore.configloader import raw_config_parse
from botocore.credentials import ProcessProvider
from botocore.regions import EndpointRulesetResolver
from pydantic import MISSING, BaseModel
assert pydantic_core.MISSING is MISSING
assert pydantic_core.CoreSchema is pydantic_core.core_schema.CoreSchema
assert not hasattr(pydantic_core, "none_of_it")
class Given(BaseModel):
    size: int | MISSING = MISSING
assert Given().model_dump() == {} and Given(size=1).model_dump() == {"size": 1}
Path("config").write_text("[default]\\nregion = eu-west-1\\n")
assert raw_config_parse("config")["default"] == {"region": "eu-west-1"}
profile = {"credential_process": f"{sys.executable} told.py"}
found = ProcessProvider("x", lambda: {"profiles": {"x": profile}}).load()
assert (found.access_key, found.secret_key) == ("a", "b")
operation = SimpleNamespace(operation_context_parameters={"Names": {"path": "keys(@)"}})
resolve = EndpointRulesetResolver._resolve_param_as_operation_context_param
assert resolve(None, "Names", operation, {"a": 1}) == ["a"]
"""


def source_of(package: str) -> Path:
    found = find_spec(package)
    assert found is not None
    return Path(str(found.origin)).parent


def loaded_with(folder: Path, code: str = REPORT) -> set[str]:
    return set(printed_by("-c", code, packages=folder, cwd=folder).split())


def test_edited_packages_work_and_load_less(tmp_path: Path) -> None:
    whole = {package: source_of(package) for package in PACKAGES}
    for package, source in whole.items():
        shutil.copytree(source, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
        # Pillow's wheels for Linux have theirs beside it.
        if package == "PIL" and (libraries := source.with_name("pillow.libs")).is_dir():
            (tmp_path / libraries.name).symlink_to(libraries)
    assert loaded_with(tmp_path) >= UNUSED
    main(tmp_path)
    assert loaded_with(tmp_path) & UNUSED == set()
    (tmp_path / "told.py").write_text(TOLD)
    loaded_with(tmp_path, NEEDED)


def test_a_text_that_is_not_there_once_fails_the_build(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    for text in ("", "a a"):
        file.write_text(text)
        with pytest.raises(SystemExit, match="not there once: 'a'"):
            edit(file, "a", "b")
