"""Make numbers of what the emulator takes from parameters of the template as text.

CloudFormation converts a parameter to the type of the property that it is used for.
"""

from local.deployment import administrator


def number_concurrency(endpoint_url: str) -> None:
    functions = administrator().client("lambda", endpoint_url=endpoint_url)
    for source in functions.list_event_source_mappings()["EventSourceMappings"]:
        limit = source.get("ScalingConfig", {}).get("MaximumConcurrency")
        if limit is not None:
            functions.update_event_source_mapping(
                UUID=source["UUID"], ScalingConfig={"MaximumConcurrency": int(limit)}
            )
