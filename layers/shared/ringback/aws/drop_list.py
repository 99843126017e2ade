"""The list of a client's drops: keys in the index of sources, and the progress of each."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ringback.aws.drop_progress import DROP, FINISHED, progress_in
from ringback.aws.table_items import (
    LISTED,
    TableAdapter,
    drop_key,
    list_of,
    listed_key_at,
    plain,
    read_item,
    read_items,
)
from ringback.domain.drops import Drop, ListedDrop
from ringback.domain.versions import of_any_version
from ringback.json_bodies import parse_json

_PROGRESS: Final = "drop#"


class DropList(TableAdapter):
    def newest(self, client: str, *, limit: int, before: str) -> Sequence[ListedDrop]:
        places = self._places(client, limit=limit, before=before)
        by_key = {f"{_PROGRESS}{place.partition('#')[2]}": place for place in places}
        keys = [{"job_id": {"S": key}} for key in by_key]
        found = {
            by_key[item["job_id"]]: _listed(item, by_key[item["job_id"]])
            for item in map(plain, read_items(self._client, self._table, keys))
        }
        # An item that is forgotten already leaves a gap.
        return [found[place] for place in places if place in found]

    def get(self, drop: Drop) -> ListedDrop | None:
        item = plain(read_item(self._client, self._table, drop_key(drop)))
        return ListedDrop(drop=drop, **_recorded(item)) if item else None

    def _places(self, client: str, *, limit: int, before: str) -> list[str]:
        source = {"S": list_of(client)}
        start: Any = (
            {"ExclusiveStartKey": {"source": source, **listed_key_at(before)}} if before else {}
        )
        found = self._client.query(
            TableName=self._table,
            IndexName="by_source",
            KeyConditionExpression="#source = :client",
            ExpressionAttributeNames={"#source": "source"},
            ExpressionAttributeValues={":client": source},
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )["Items"]
        return [str(item["job_id"]["S"]).removeprefix(LISTED) for item in found]


def _listed(item: Mapping[str, Any], place: str) -> ListedDrop:
    return ListedDrop(drop=of_any_version(Drop, item[DROP]), place=place, **_recorded(item))


def _recorded(item: Mapping[str, Any]) -> dict[str, Any]:
    summary = parse_json(item[FINISHED]).value["summary"] if FINISHED in item else None
    return {"progress": progress_in(item), "summary": summary}
