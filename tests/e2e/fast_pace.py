"""The pace of stacks that are shared by tests or stand a storm.

The waits are the shortest that the template allows. The rate limits are ten times the usual ones:
test_drops.py keeps the real pace.
"""

from typing import Final

PARAMETERS: Final = {
    "JobDeadlineSeconds": "30",
    "ArchiveRetrySeconds": "1,2",
    "KieCreatesPerWindow": "20",
    "KieWindowSeconds": "1",
    "ChanjingDeadlineSeconds": "45",
    "ChanjingCreatesPerWindow": "20",
    "ChanjingWindowSeconds": "1",
}
SIMULATOR: Final = {
    "generate-seconds": 0.3,
    "create-limit": 220,
    "chanjing-create-limit": 220,
    "seed": 66,
}
