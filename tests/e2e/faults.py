"""The simulator's faults, and what is to become of a job under each."""

# How the job ends, and how many tasks the provider made for it.
FAULTS: dict[str, tuple[str, int]] = {
    "late_callback=2": ("succeeded", 1),
    "early_callback": ("succeeded", 1),
    "double_callback": ("succeeded", 1),
    "no_callback": ("succeeded", 1),
    "wrong_signature": ("succeeded", 1),
    "stale_signature": ("succeeded", 1),
    "unsigned": ("succeeded", 1),
    "status_429": ("succeeded", 1),
    "error_500_after": ("succeeded", 1),
    "cut_after": ("succeeded", 1),
    "unreadable_after": ("succeeded", 1),
    "error_500_before": ("expired", 0),
    "cut_before": ("expired", 0),
    "content_policy": ("failed", 0),
    "no_credits": ("failed", 0),
    "fail": ("failed", 1),
    "dead_link": ("succeeded", 1),
    "truncated_image": ("succeeded", 1),
    "gone": ("archive_failed", 1),
    "truncated_bytes": ("archive_failed", 1),
    "not_an_image": ("archive_failed", 1),
    "redirect_inside": ("archive_failed", 1),
}
