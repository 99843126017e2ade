"""What a new stack imports is what the template keeps, and needs nothing else of it."""

import json

from local.adopt import IDENTIFIERS, import_template
from local.template import load_template


def test_everything_that_is_kept_is_imported() -> None:
    resources = load_template()["Resources"]
    kept = {name for name, each in resources.items() if "DeletionPolicy" in each}
    assert kept == IDENTIFIERS.keys()


def test_the_import_refers_to_nothing_that_does_not_exist_yet() -> None:
    template = import_template(load_template())
    assert template["Resources"].keys() == IDENTIFIERS.keys()
    text = json.dumps(template["Resources"])
    others = load_template()["Resources"].keys() - IDENTIFIERS.keys()
    assert [name for name in others if f'"{name}"' in text] == []


def test_a_resource_is_imported_as_it_will_be_deployed() -> None:
    """Otherwise the deployment would change it, or add an index that is there already."""
    resources = load_template()["Resources"]
    imported = import_template(load_template())["Resources"]
    assert imported["JobsTable"] == resources["JobsTable"]
    assert imported["ImagesBucket"] == resources["ImagesBucket"]
