"""Changes of jobs that ``publish_events`` could not tell, which Lambda keeps in the images bucket.

There is no dead-letter queue for them: a failed batch of the table's stream is an object whose key
Lambda chooses. https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
"""

from typing import Final

from local.chosen_stack import Stack

PREFIX: Final = "aws/lambda/"


def untold_records(stack: Stack) -> str:
    """Return in one line how many batches there are, and how their jobs are told all the same."""
    pages = stack.client("s3").get_paginator("list_objects_v2")
    times = [
        each["LastModified"]
        for page in pages.paginate(Bucket=stack.output("ImagesBucketName"), Prefix=PREFIX)
        for each in page.get("Contents", [])
    ]
    if not times:
        return "Untold changes: none"
    return (
        f"Untold changes: {len(times)} batches, the oldest of {min(times):%Y-%m-%d %H:%M} UTC,"
        f" under {PREFIX} in the images bucket; make recheck has the ends of jobs told"
    )
