"""The simulator's own endpoints: list tasks and requests, set faults and credits."""

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from local.simulator.fault_board import FaultBoard, Rule, rule_from
from local.simulator.faults import FAULTS, InvalidFault, shown
from local.simulator.http_messages import Reply, Request, Routes, json_reply
from local.simulator.ledger import Ledger
from local.simulator.links import Links
from local.simulator.request_log import RequestLog
from local.simulator.wallet import Wallet


class Control:
    def __init__(
        self,
        *,
        ledger: Ledger,
        links: Links,
        faults: FaultBoard,
        requests: RequestLog,
        wallet: Wallet,
        clock: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._links = links
        self._faults = faults
        self._requests = requests
        self._wallet = wallet
        self._clock = clock

    def routes(self) -> Routes:
        return {
            ("GET", "/_simulator/tasks"): self._tasks,
            ("GET", "/_simulator/callback_urls"): self._callback_urls,
            ("GET", "/_simulator/pictures"): self._pictures,
            ("GET", "/_simulator/requests"): self._all_requests,
            ("GET", "/_simulator/faults"): self._show_faults,
            ("POST", "/_simulator/faults"): self._add_fault,
            ("DELETE", "/_simulator/faults"): self._clear_faults,
            ("POST", "/_simulator/credits"): self._set_credits,
        }

    def _tasks(self, request: Request) -> Reply:
        tasks = self._ledger.as_json(now=self._clock())
        if url := request.query("callBackUrl"):
            tasks = [task for task in tasks if task["callBackUrl"] == url]
        return json_reply(tasks)

    def _callback_urls(self, _: Request) -> Reply:
        return json_reply(self._ledger.by_callback_url())

    def _pictures(self, _: Request) -> Reply:
        return json_reply(self._links.pictures())

    def _all_requests(self, _: Request) -> Reply:
        return json_reply(self._requests.as_json())

    def _show_faults(self, _: Request) -> Reply:
        return json_reply(
            {
                "known": {
                    fault.name: {
                        "description": fault.description,
                        "value": fault.value_name or None,
                        "default": None if math.isinf(fault.default) else fault.default,
                    }
                    for fault in FAULTS.values()
                },
                "active": [_rule_json(rule) for rule in self._faults.rules()],
            }
        )

    def _add_fault(self, request: Request) -> Reply:
        try:
            rule = rule_from(json.loads(request.body))
        except ValueError:
            return json_reply({"error": "the body is not JSON"}, HTTPStatus.BAD_REQUEST)
        except InvalidFault as mistake:
            return json_reply({"error": str(mistake)}, HTTPStatus.BAD_REQUEST)
        self._faults.add(rule)
        return json_reply(_rule_json(rule), HTTPStatus.CREATED)

    def _clear_faults(self, _: Request) -> Reply:
        self._faults.clear()
        return Reply(status=HTTPStatus.NO_CONTENT)

    def _set_credits(self, request: Request) -> Reply:
        """Set what is left of kie.ai's credits."""
        try:
            credits = json.loads(request.body)["credits"]
        except (ValueError, KeyError, TypeError):
            credits = None
        if type(credits) not in (int, float) or not math.isfinite(credits):
            return json_reply({"error": 'send {"credits": number}'}, HTTPStatus.BAD_REQUEST)
        self._wallet.fill(credits)
        return json_reply({"credits": self._wallet.balance})


def _rule_json(rule: Rule) -> dict[str, Any]:
    return asdict(rule) | shown({"value": rule.value})
