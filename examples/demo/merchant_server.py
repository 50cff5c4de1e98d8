"""The merchants' endpoints: take webhooks by HTTP, check their signatures, and fail on purpose."""

import asyncio
import json
import socket
from collections.abc import Collection, Mapping

from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from examples.demo.behaviour import DOWN, Answer, merchant_answer
from examples.demo.ledger import Ledger

HANG_SECONDS = 30.0
"""Longer than any sender waits."""


class MerchantServer:
    """One HTTP server with an endpoint for each merchant, except for the one that is down."""

    def __init__(self, merchants: Collection[str]) -> None:
        self.ledger = Ledger()
        self._merchants = merchants
        self._secrets: dict[str, str] = {}
        self._runner: web.AppRunner | None = None
        # Bound, so that nobody else gets the port; not listening, so that connections are refused.
        self._closed_port = socket.socket()
        self._closed_port.bind(("127.0.0.1", 0))
        self.port = 0

    async def start(self) -> None:
        """Listen; `port` is known afterwards."""
        application = web.Application()
        application.router.add_post("/{merchant}/webhooks", self._receive)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()
        self._closed_port.close()

    def urls(self) -> dict[str, str]:
        """Return the address of each merchant's endpoint."""
        down: int = self._closed_port.getsockname()[1]
        return {
            merchant: f"http://127.0.0.1:{down if merchant == DOWN else self.port}/{merchant}/webhooks"
            for merchant in self._merchants
        }

    def trust(self, secrets: Mapping[str, str]) -> None:
        """Check signatures by these secrets of the merchants from now on."""
        self._secrets = dict(secrets)

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        merchant = request.match_info["merchant"]
        body = await request.read()
        message_id = request.headers.get("webhook-id", "").removeprefix("msg_")
        tally = self.ledger.messages[message_id]
        if not self._is_signed(merchant, request, body):
            self.ledger.bad_signatures += 1
            tally.refused += 1
            return web.Response(status=401)
        document = json.loads(body)
        answer = merchant_answer(
            merchant, document["data"]["event"], document["type"], tally.requests + 1
        )
        if answer is Answer.HANG:
            tally.unanswered += 1
            await asyncio.sleep(HANG_SECONDS)
        elif answer is Answer.ACCEPT:
            tally.accepted += 1
        else:
            tally.refused += 1
        headers = {"Retry-After": "1"} if answer is Answer.THROTTLE else None
        return web.Response(status=answer.value or 200, headers=headers)

    def _is_signed(self, merchant: str, request: web.Request, body: bytes) -> bool:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            Webhook(self._secrets[merchant]).verify(body, headers)
        except (KeyError, WebhookVerificationError):
            return False
        return True
