"""Edit packages so that they load less: ``reduce_packages.py FOLDER-OF-PACKAGES``.

What is left out takes a tenth of a cold start, and no function uses it. docs/decisions/0071.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

# A file of a package, what it says once, and what it says afterwards.
EDITS: Final = (
    # Functions need the logger only: docs/decisions/0054 and 0056.
    ("aws_lambda_powertools/__init__.py", "from aws_lambda_powertools.tracing import Tracer\n", ""),
    (
        "aws_lambda_powertools/__init__.py",
        "from aws_lambda_powertools.metrics import Metrics, single_metric\n",
        "",
    ),
    (
        "aws_lambda_powertools/__init__.py",
        '    "Metrics",\n    "single_metric",\n    "Tracer",\n',
        "",
    ),
    # It adds its own name to Ringback's in each call.
    ("aws_lambda_powertools/__init__.py", "inject_user_agent()\n", ""),
    (
        "aws_lambda_powertools/__init__.py",
        "from aws_lambda_powertools.shared.user_agent import inject_user_agent\n",
        "",
    ),
    # For who has a path to correlation ids.
    (
        "aws_lambda_powertools/logging/logger.py",
        "from aws_lambda_powertools.utilities import jmespath_utils\n",
        "",
    ),
    (
        "aws_lambda_powertools/logging/logger.py",
        "            if correlation_id_path:\n",
        "            if correlation_id_path:\n"
        "                from aws_lambda_powertools.utilities import jmespath_utils\n\n",
    ),
    # For who switches HTTP/2 on.
    ("urllib3/http2/__init__.py", "from importlib.metadata import version\n", ""),
    (
        "urllib3/http2/__init__.py",
        "    # First check if h2 version is valid\n",
        "    from importlib.metadata import version\n\n",
    ),
    # The bundle is a file, never a part of a zip.
    (
        "certifi/__init__.py",
        "from .core import contents, where\n",
        "from os.path import dirname, join\n\n\n"
        "def where():\n"
        '    return join(dirname(__file__), "cacert.pem")\n\n\n'
        "def contents():\n"
        '    with open(where(), encoding="ascii") as file:\n'
        "        return file.read()\n\n\n",
    ),
    # Every dict is ordered, and takes half the memory and time.
    (
        "botocore/loaders.py",
        "json.loads(payload, object_pairs_hook=OrderedDict)",
        "json.loads(payload)",
    ),
    # For who has waiters and paginators, of which the layer has no data.
    ("botocore/waiter.py", "import jmespath\n", ""),
    ("botocore/paginate.py", "import jmespath\n", ""),
    # For operations whose address depends on what is in lists.
    ("botocore/regions.py", "import jmespath\n", ""),
    (
        "botocore/regions.py",
        "            return jmespath.search(path, call_args)\n",
        "            import jmespath\n\n            return jmespath.search(path, call_args)\n",
    ),
    # For who has a configuration file, or a program that knows the credentials.
    ("botocore/configloader.py", "import configparser\n", ""),
    (
        "botocore/configloader.py",
        "        cp = configparser.RawConfigParser()\n",
        "        import configparser\n\n        cp = configparser.RawConfigParser()\n",
    ),
    ("botocore/credentials.py", "import subprocess\n", ""),
    ("botocore/credentials.py", ", popen=subprocess.Popen):", ", popen=None):"),
    (
        "botocore/credentials.py",
        "        p = self._popen(\n",
        "        import subprocess\n\n        p = (self._popen or subprocess.Popen)(\n",
    ),
    # For who makes schemas: 78 TypedDicts, which take 15 ms.
    (
        "pydantic_core/__init__.py",
        "from .core_schema import CoreConfig, CoreSchema, CoreSchemaType, ErrorType\n",
        "",
    ),
    ("pydantic_core/__init__.py", "from typing_extensions import Sentinel\n", ""),
    (
        "pydantic_core/__init__.py",
        "\nMISSING = Sentinel('MISSING')\n",
        "\ndef __getattr__(name):\n"
        "    if name == 'MISSING':\n"
        "        from typing_extensions import Sentinel\n\n"
        "        globals()[name] = Sentinel(name)\n"
        "    elif name in ('CoreConfig', 'CoreSchema', 'CoreSchemaType', 'ErrorType'):\n"
        "        from . import core_schema\n\n"
        "        globals()[name] = getattr(core_schema, name)\n"
        "    else:\n"
        "        raise AttributeError(name)\n"
        "    return globals()[name]\n\n",
    ),
    # No provider makes images of these formats.
    *(
        (
            "PIL/Image.py",
            f"    try:\n        from . import {name}ImagePlugin\n\n"
            f"        assert {name}ImagePlugin\n    except ImportError:\n        pass\n",
            "",
        )
        for name in ("Bmp", "Gif", "Ppm")
    ),
    # For who has another program decode JPEG.
    ("PIL/JpegImagePlugin.py", "import subprocess\n", ""),
    (
        "PIL/JpegImagePlugin.py",
        "            subprocess.check_call(",
        "            import subprocess\n\n            subprocess.check_call(",
    ),
)

# The same of what botocore does in each call, more than once or for nothing: docs/decisions/0074.
CALLS: Final = (
    # Headers for the sake of the body.
    (
        "botocore/awsrequest.py",
        "        body = self.prepare().body\n",
        "        body = self._request_preparer._prepare_body(self)\n",
    ),
    # Every name made small again.
    (
        "botocore/awsrequest.py",
        "    def copy(self):\n        return HeadersDict(self.items())\n",
        "    def copy(self):\n"
        "        same = HeadersDict()\n"
        "        same._dict = self._dict.copy()\n"
        "        return same\n\n"
        "    def items(self):\n"
        "        return [(key._key, value) for key, value in self._dict.items()]\n",
    ),
    # Of an answer's objects, members that they don't have: DynamoDB's values have one of ten.
    (
        "botocore/parsers.py",
        "            for member_name in member_shapes:\n"
        "                member_shape = member_shapes[member_name]\n"
        "                json_name = member_shape.serialization.get('name', member_name)\n"
        "                raw_value = value.get(json_name)\n"
        "                if raw_value is not None:\n",
        "            for json_name, raw_value in value.items():\n"
        "                member_name = shape.json_names.get(json_name)\n"
        "                if member_name is not None and raw_value is not None:\n",
    ),
    (
        "botocore/model.py",
        "class StructureShape(Shape):\n",
        "class StructureShape(Shape):\n"
        "    @CachedProperty\n"
        "    def json_names(self):\n"
        "        members = self.members.items()\n"
        "        return {each.serialization.get('name', name): name for name, each in members}\n\n",
    ),
)


def main(folder: Path, edits: Sequence[tuple[str, str, str]] = EDITS) -> None:
    for name, old, new in edits:
        # Each layer has some of the packages.
        if (folder / name.partition("/")[0]).is_dir():
            edit(folder / name, old, new)


def edit(file: Path, old: str, new: str) -> None:
    """Replace a text. Raises ``SystemExit`` if it is not there exactly once: a new version."""
    text = file.read_text()
    if text.count(old) != 1:
        raise SystemExit(f"{file}: look at EDITS again, this is not there once: {old!r}")
    # A new file: the old one may be a link into the installer's cache.
    file.unlink()
    file.write_text(text.replace(old, new))


if __name__ == "__main__":
    main(Path(sys.argv[1]), (*EDITS, *CALLS))
