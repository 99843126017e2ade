"""The settings of a simulator."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Times are in seconds. Keys are kept out of ``repr``, so that they are never printed."""

    kie_api_key: str = field(repr=False)
    kie_hmac_key: str = field(default="", repr=False)
    kie_any_model: bool = False
    chanjing_app_id: str = ""
    chanjing_secret_key: str = field(default="", repr=False)
    chanjing_create_limit: int = 20
    chanjing_window_seconds: float = 10.0
    chanjing_token_seconds: float = 86_400.0
    port: int = 0
    generate_seconds: float = 1.0
    image_seconds: float = 0.0
    link_seconds: float = 1200.0
    fresh_link_seconds: float = 1200.0
    credits: float = 10_000.0
    create_limit: int = 20
    create_window_seconds: float = 10.0
    callback_timeout_seconds: float = 15.0
    callback_retry_seconds: tuple[float, ...] = (1.0, 2.0, 4.0)
    seed: int = 0
    verbose: bool = False
