"""The simulator's faults, and the expected outcome of a job under each."""

from local.simulator.images import KINDS

KIE = "bytedance/seedream-v4-text-to-image"
CHANJING = "chanjing/doubao-seedream-4.0"

# No callback that is believed comes.
UNHEARD = ("no_callback", "wrong_signature", "stale_signature", "unsigned")
_PAUSING = dict.fromkeys(
    ("no_credits", "key_capped", "key_refused"),
    "it pauses the account, which holds up every other job (test_without_credits)",
)
# Faults that cannot befall a provider's jobs, or not beside those of others.
INAPPLICABLE: dict[str, dict[str, str]] = {
    KIE: {
        "token_killed": "there are no access tokens",
        "callback_bare": "callbacks are documented, and have one form",
        "callback_envelope": "callbacks are documented, and have one form",
        "status_455": "it holds up every other job of its model for five minutes",
        **_PAUSING,
    },
    CHANJING: {
        "wrong_signature": "nothing is signed",
        "stale_signature": "nothing is signed",
        "unsigned": "nothing is signed",
        "no_callback": "that is the usual case",
        "record_null": "that is an answer of recordInfo",
        "record_404": "that is an answer of recordInfo",
        **_PAUSING,
    },
}

_FORMATS = {f"as_{kind}": ("succeeded", 1) for kind in KINDS}
# How the job ends, and how many tasks the provider made for it.
_KIE: dict[str, tuple[str, int]] = {
    "late_callback=2": ("succeeded", 1),
    "early_callback": ("succeeded", 1),
    "double_callback": ("succeeded", 1),
    "no_callback": ("succeeded", 1),
    "wrong_signature": ("succeeded", 1),
    "stale_signature": ("succeeded", 1),
    "unsigned": ("succeeded", 1),
    "status_429": ("succeeded", 1),
    "slow_create": ("succeeded", 1),
    "error_500_after": ("succeeded", 1),
    "cut_after": ("succeeded", 1),
    "unreadable_after": ("succeeded", 1),
    "error_500_before": ("expired", 0),
    "cut_before": ("expired", 0),
    "content_policy": ("failed", 0),
    "fail": ("failed", 1),
    "fewer_images": ("failed", 1),
    "more_images": ("succeeded", 1),
    "no_callback, record_null": ("succeeded", 1),
    "no_callback, record_404": ("succeeded", 1),
    "dead_link": ("succeeded", 1),
    "truncated_image": ("succeeded", 1),
    "gone": ("archive_failed", 1),
    "truncated_bytes": ("succeeded", 1),
    "not_an_image": ("archive_failed", 1),
    "redirect_inside": ("archive_failed", 1),
    **_FORMATS,
}
# Chanjing does not call back unless a fault makes it; its dead links stay dead.
_CHANJING: dict[str, tuple[str, int]] = {
    "callback_bare": ("succeeded", 1),
    "callback_envelope": ("succeeded", 1),
    "callback_bare, late_callback=2": ("succeeded", 1),
    "callback_bare, early_callback": ("succeeded", 1),
    "callback_bare, double_callback": ("succeeded", 1),
    "status_429": ("succeeded", 1),
    "status_455": ("succeeded", 1),
    "token_killed": ("succeeded", 1),
    "slow_create": ("expired", 1),
    "error_500_after": ("expired", 1),
    "error_500_after, callback_bare": ("succeeded", 1),
    "cut_after": ("expired", 1),
    "unreadable_after": ("expired", 1),
    "error_500_before": ("expired", 0),
    "cut_before": ("expired", 0),
    "content_policy": ("failed", 0),
    "fail": ("failed", 1),
    "fewer_images": ("failed", 1),
    "more_images": ("succeeded", 1),
    "dead_link": ("archive_failed", 1),
    "truncated_image": ("succeeded", 1),
    "gone": ("archive_failed", 1),
    "truncated_bytes": ("succeeded", 1),
    "not_an_image": ("archive_failed", 1),
    "redirect_inside": ("archive_failed", 1),
    **_FORMATS,
}

FAULTS: dict[tuple[str, str], tuple[str, int]] = {
    **{(KIE, fault): end for fault, end in _KIE.items()},
    **{(CHANJING, fault): end for fault, end in _CHANJING.items()},
}


def prompt_field(model: str) -> str:
    return "ref_prompt" if model == CHANJING else "prompt"
