"""A table is only taken into a new stack with the stream that the deployment needs."""

from typing import Any

import boto3
import pytest

from local.adopt import check_stream
from local.failures import LocalFailure
from tests.support.aws import Cloud


@pytest.mark.parametrize("view", [None, "KEYS_ONLY", "NEW_AND_OLD_IMAGES"])
def test_the_table_needs_the_stream_of_the_template(cloud: Cloud, view: Any) -> None:
    tables = boto3.client("dynamodb")
    if view:
        stream: Any = {"StreamEnabled": True, "StreamViewType": view}
        tables.update_table(TableName=cloud.table, StreamSpecification=stream)
    if view == "NEW_AND_OLD_IMAGES":
        check_stream(tables, cloud.table)
        return
    with pytest.raises(LocalFailure, match="NEW_AND_OLD_IMAGES"):
        check_stream(tables, cloud.table)
