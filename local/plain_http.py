"""Allow plain HTTP to the local AWS, which has no TLS.

The emulator enforces bucket policies, so the template's statement that denies plain HTTP would deny
every request. Only statements on ``aws:SecureTransport`` are removed; the others stay.
"""

import json
from typing import Any

from botocore.exceptions import ClientError

from local.deployment import administrator


def allow_plain_http(endpoint_url: str, bucket: str) -> None:
    store = administrator().client("s3", endpoint_url=endpoint_url)
    try:
        policy = json.loads(store.get_bucket_policy(Bucket=bucket)["Policy"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucketPolicy":
            raise
        return
    policy["Statement"] = [rule for rule in policy["Statement"] if not refuses_plain_http(rule)]
    if policy["Statement"]:
        store.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    else:
        store.delete_bucket_policy(Bucket=bucket)


def refuses_plain_http(rule: dict[str, Any]) -> bool:
    wanted = rule.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
    return rule["Effect"] == "Deny" and str(wanted).lower() == "false"
