"""Tell the functions where the local callback API is.

On AWS the template computes that address. Here it holds an id that the emulator makes up during
the deployment, so the parameter has ``PLACEHOLDER`` for it, and the id follows at once.
"""

from local.deployment import administrator

PLACEHOLDER = "{api_id}"


def fill_in_callback_address(endpoint_url: str, callback_api_id: str) -> None:
    functions = administrator().client("lambda", endpoint_url=endpoint_url)
    for function in functions.list_functions()["Functions"]:
        variables = function.get("Environment", {}).get("Variables", {})
        filled = {
            name: value.replace(PLACEHOLDER, callback_api_id) for name, value in variables.items()
        }
        if filled != variables:
            functions.update_function_configuration(
                FunctionName=function["FunctionName"], Environment={"Variables": filled}
            )
