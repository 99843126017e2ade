"""Set the addresses of the local APIs in the functions' environments.

On AWS the template computes them. Here they contain ids that the emulator generates during the
deployment. The parameter for callbacks has ``PLACEHOLDER`` instead, which is replaced afterwards;
the addresses of the other APIs are replaced as a whole.
"""

from local.deployment import administrator
from local.ports import LOOPBACK

PLACEHOLDER = "{api_id}"
LIVE_API_URL, JOBS_API_URL = "LIVE_API_URL", "JOBS_API_URL"
# Of a page that may use these buckets, which are paths of one origin here.
BUCKET_URLS = ("IMAGES_BUCKET_URL", "DROP_BUCKET_URL")


# On a busy machine a function is slow, not stuck: only AWS has the time-outs of the template.
TIMEOUT_SECONDS = 900


def fill_in_addresses(
    endpoint_url: str, *, jobs_api_url: str, callback_api_id: str, live_api_id: str
) -> None:
    functions = administrator().client("lambda", endpoint_url=endpoint_url)
    for function in functions.list_functions()["Functions"]:
        variables = function.get("Environment", {}).get("Variables", {})
        filled = {
            name: value.replace(PLACEHOLDER, callback_api_id) for name, value in variables.items()
        }
        if LIVE_API_URL in filled:
            filled[LIVE_API_URL] = connections_url(endpoint_url, live_api_id)
        if JOBS_API_URL in filled:
            filled[JOBS_API_URL] = jobs_api_url
        filled |= {name: endpoint_url for name in BUCKET_URLS if name in filled}
        functions.update_function_configuration(
            FunctionName=function["FunctionName"],
            Environment={"Variables": filled},
            Timeout=TIMEOUT_SECONDS,
        )


def connections_url(endpoint_url: str, live_api_id: str) -> str:
    """Return the URL at which messages are sent to connections, and connections closed."""
    return f"{endpoint_url}{_live_path(live_api_id)}"


def live_url(port: int, live_api_id: str) -> str:
    """Return the URL at which the emulator serves the WebSocket API."""
    return f"ws://{LOOPBACK}:{port}{_live_path(live_api_id)}"


def studio_origin(port: int) -> str:
    """Return the page's origin: for a browser another one than the API's and the buckets'."""
    return f"http://localhost:{port}"


def studio_url(port: int, studio_api_id: str) -> str:
    return f"{studio_origin(port)}/_aws/execute-api/{studio_api_id}/$default/"


def _live_path(live_api_id: str) -> str:
    return f"/_aws/execute-api/{live_api_id}/live"
