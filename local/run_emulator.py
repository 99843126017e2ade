"""Runs the local AWS with what makes it faster, and more like AWS.

Started by the emulator's own Python in place of ``python -m ministack``.
"""

import sys
from pathlib import Path

import yaml


def main() -> None:
    # Only while importing: the emulator has packages of its own.
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from local.forked_functions import fork_functions
    from local.form_checksums import check_form_checksums
    from local.function_logs import read_logs_at_once
    from local.hop_counts import count_hops
    from local.index_pages import read_index_pages
    from local.leading_keys import check_leading_keys
    from local.running_functions import let_running_functions_finish
    from local.saved_queries import accept_saved_queries
    from local.service_metrics import count_by_service
    from local.shared_layers import share_layers
    from local.throttled_batches import retry_throttled_batches

    del sys.path[0]
    # Templates are parsed ten times as fast by libyaml.
    yaml.SafeLoader = yaml.CSafeLoader  # type: ignore[assignment,misc]
    from ministack.app import main as run_emulator  # type: ignore[import-not-found]
    from ministack.core import iam_actions  # type: ignore[import-not-found]
    from ministack.services import s3  # type: ignore[import-not-found]

    share_layers()
    fork_functions()
    read_logs_at_once()
    read_index_pages()
    check_leading_keys(iam_actions)
    check_form_checksums(s3)
    count_hops()
    accept_saved_queries()
    retry_throttled_batches()
    count_by_service()
    let_running_functions_finish()
    run_emulator()


if __name__ == "__main__":
    main()
