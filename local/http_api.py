"""Create the routes, authorizers and CORS rules of the emulator's HTTP APIs.

CloudFormation reads them from SAM's OpenAPI body, which the emulator ignores. They are created from
the processed template, so that what is deployed stays what `template.yaml` declares. A later
deployment replaces them. The CORS rules are read from the template before it is processed: for SAM,
the emulator takes every parameter's default.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import boto3

from local.deployment import administrator
from local.failures import LocalFailure
from local.template import NO_VALUE, parse_template, resolved

ANY_METHOD = "x-amazon-apigateway-any-method"
METHODS = {"get", "put", "post", "delete", "patch", "head", "options", ANY_METHOD}
# What SAM writes for a route with `Auth: {Authorizer: NONE}`. No security scheme has the name.
NO_AUTHORIZER = "NONE"
CORS = "x-amazon-apigateway-cors"
FUNCTION_NAME = re.compile(r"\b(\w+)\.Arn\b")


def wire_http_apis(endpoint_url: str, stack_name: str) -> None:
    session = administrator()
    stack = session.client("cloudformation", endpoint_url=endpoint_url)
    template = stack.get_template(StackName=stack_name, TemplateStage="Processed")["TemplateBody"]
    physical = {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for resource in stack.describe_stack_resources(StackName=stack_name)["StackResources"]
    }
    (deployed,) = stack.describe_stacks(StackName=stack_name)["Stacks"]
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in deployed["Parameters"]}
    original = stack.get_template(StackName=stack_name, TemplateStage="Original")["TemplateBody"]
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::ApiGatewayV2::Api" and "Body" in resource["Properties"]:
            api = HttpApi(session, endpoint_url, physical[name], physical)
            api.wire(resource["Properties"]["Body"])
            rules = cors_rules(name, original, parameters)
            check_processed(rules, resource["Properties"]["Body"], parameters, template)
            api.allow_pages(rules)


def cors_rules(
    api: str, template: str | Mapping[str, Any], parameters: Mapping[str, str]
) -> Mapping[str, Any]:
    """Return the API's ``CorsConfiguration`` as these parameters make it, empty if it has none."""
    read = parse_template(template) if isinstance(template, str) else template
    # An API that SAM makes by itself is in the processed template only.
    declared = read["Resources"].get(api, {}).get("Properties", {})
    given = declared.get("CorsConfiguration", NO_VALUE)
    rules = resolved(given, parameters, read)
    return {} if rules == NO_VALUE else rules


def check_processed(
    rules: Mapping[str, Any],
    body: Mapping[str, Any],
    parameters: Mapping[str, str],
    processed: Mapping[str, Any],
) -> None:
    """Raise ``LocalFailure`` if AWS would get other rules: SAM drops some of them in some forms."""
    written = resolved(body.get(CORS, NO_VALUE), parameters, processed)
    found = set() if written == NO_VALUE else {str(name) for name in written}
    if {name.lower() for name in rules} != {name.lower() for name in found}:
        raise LocalFailure(f"SAM makes {sorted(found)} of the CORS rules {sorted(rules)}")


class HttpApi:
    def __init__(
        self,
        session: boto3.Session,
        endpoint_url: str,
        api_id: str,
        physical: Mapping[str, str],
    ) -> None:
        self._gateway = session.client("apigatewayv2", endpoint_url=endpoint_url)
        self._functions = session.client("lambda", endpoint_url=endpoint_url)
        self._id = api_id
        self._physical = physical

    def wire(self, body: Mapping[str, Any]) -> None:
        self._clear()
        authorizers = {
            name: self._create_authorizer(name, scheme["x-amazon-apigateway-authorizer"])
            for name, scheme in body.get("components", {}).get("securitySchemes", {}).items()
        }
        for route_key, operation in operations(body):
            self._create_route(route_key, operation, authorizers)

    def allow_pages(self, rules: Mapping[str, Any]) -> None:
        if rules:
            self._gateway.update_api(ApiId=self._id, CorsConfiguration=rules)  # type: ignore[arg-type]
        else:
            self._gateway.delete_cors_configuration(ApiId=self._id)

    def _clear(self) -> None:
        """Delete what an earlier version of the stack has left."""
        gateway, this = self._gateway, self._id
        for route in gateway.get_routes(ApiId=this)["Items"]:
            gateway.delete_route(ApiId=this, RouteId=route["RouteId"])
        for integration in gateway.get_integrations(ApiId=this)["Items"]:
            gateway.delete_integration(ApiId=this, IntegrationId=integration["IntegrationId"])
        for authorizer in gateway.get_authorizers(ApiId=this)["Items"]:
            gateway.delete_authorizer(ApiId=this, AuthorizerId=authorizer["AuthorizerId"])

    def _create_authorizer(self, name: str, authorizer: Mapping[str, Any]) -> str:
        return self._gateway.create_authorizer(
            ApiId=self._id,
            Name=name,
            AuthorizerType="REQUEST",
            AuthorizerUri=self._invocation_uri(authorizer["authorizerUri"]),
            IdentitySource=authorizer["identitySource"],
            AuthorizerPayloadFormatVersion=authorizer["authorizerPayloadFormatVersion"],
            AuthorizerResultTtlInSeconds=authorizer.get("authorizerResultTtlInSeconds", 300),
            EnableSimpleResponses=authorizer.get("enableSimpleResponses", False),
        )["AuthorizerId"]

    def _create_route(
        self, route_key: str, operation: Mapping[str, Any], authorizers: Mapping[str, str]
    ) -> None:
        integration = operation["x-amazon-apigateway-integration"]
        integration_id = self._gateway.create_integration(
            ApiId=self._id,
            IntegrationType="AWS_PROXY",
            IntegrationUri=self._invocation_uri(integration["uri"]),
            PayloadFormatVersion=integration["payloadFormatVersion"],
        )["IntegrationId"]
        needed = [name for requirement in operation.get("security", []) for name in requirement]
        needed = [name for name in needed if name != NO_AUTHORIZER]
        access: dict[str, Any] = (
            {"AuthorizationType": "CUSTOM", "AuthorizerId": authorizers[needed[0]]}
            if needed
            else {"AuthorizationType": "NONE"}
        )
        self._gateway.create_route(
            ApiId=self._id, RouteKey=route_key, Target=f"integrations/{integration_id}", **access
        )

    def _invocation_uri(self, uri: Any) -> str:
        """SAM writes ``${Name.Arn}``, or ``Fn::GetAtt: [Name, Arn]`` for an authorizer."""
        name = next(name for name in logical_names(uri) if name in self._physical)
        function = self._functions.get_function(FunctionName=self._physical[name])
        arn = function["Configuration"]["FunctionArn"]
        region = arn.split(":")[3]
        return f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations"


def operations(body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each route key, such as ``GET /jobs``, with its OpenAPI operation."""
    for path, methods in body.get("paths", {}).items():
        for method, operation in methods.items():
            if method in METHODS:
                verb = "ANY" if method == ANY_METHOD else method.upper()
                yield (path if path == "$default" else f"{verb} {path}"), operation


def logical_names(uri: Any) -> Iterator[str]:
    """Yield the name of every resource whose ARN an intrinsic function refers to."""
    if isinstance(uri, str):
        yield from FUNCTION_NAME.findall(uri)
    elif isinstance(uri, list):
        if len(uri) == 2 and uri[1] == "Arn":
            yield uri[0]
        for part in uri:
            yield from logical_names(part)
    elif isinstance(uri, Mapping):
        for part in uri.values():
            yield from logical_names(part)
