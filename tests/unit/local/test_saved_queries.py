"""Queries for Logs Insights on the local AWS: checked, and not kept."""

import pytest

from local.saved_queries import create, update


def test_a_query_has_an_id_that_stays() -> None:
    query, attributes = create("JobQuery", {"Name": "a", "QueryString": "limit 1"}, "stack")
    assert attributes == {"QueryDefinitionId": query}
    assert update(query, {}, {}, "stack") == (query, attributes)


@pytest.mark.parametrize("properties", [{"Name": "a"}, {"QueryString": "limit 1", "Name": ""}])
def test_a_query_without_name_or_text_is_refused(properties: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is required for AWS::Logs::QueryDefinition"):
        create("JobQuery", properties, "stack")
