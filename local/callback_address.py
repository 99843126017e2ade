"""Set the address of the local callback API in the functions' environments.

On AWS the template computes that address. Here it contains an id that the emulator generates during
the deployment: the parameter has ``PLACEHOLDER`` instead, which is replaced afterwards.
"""

from local.deployment import administrator

PLACEHOLDER = "{api_id}"


# On a busy machine a function is slow, not stuck: only AWS has the time-outs of the template.
TIMEOUT_SECONDS = 900


def fill_in_callback_address(endpoint_url: str, callback_api_id: str) -> None:
    functions = administrator().client("lambda", endpoint_url=endpoint_url)
    for function in functions.list_functions()["Functions"]:
        variables = function.get("Environment", {}).get("Variables", {})
        filled = {
            name: value.replace(PLACEHOLDER, callback_api_id) for name, value in variables.items()
        }
        functions.update_function_configuration(
            FunctionName=function["FunctionName"],
            Environment={"Variables": filled},
            Timeout=TIMEOUT_SECONDS,
        )
