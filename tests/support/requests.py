"""Reads and checks request bodies as accept_job does."""

from typing import Any

from ringback.catalogue import requests
from ringback.domain.jobs import JobRequest
from ringback.json_bodies import json_object


def read_request(body: bytes, **options: Any) -> JobRequest:
    return requests.read_request(json_object(body), **options)
