"""The demo's SMS gateway: Twilio's form API, with numbers that it does not take."""

from aiohttp import web

from examples.demo.behaviour import sms_refusal
from examples.demo.ledger import Ledger

ACCOUNT = "AC-demo"


class SmsGateway:
    """An HTTP server on a free port of the loopback interface. Its books are by phone number."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen; `port` is known afterwards."""
        application = web.Application()
        application.router.add_post(f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", self._receive)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        form = await request.post()
        number, text = str(form["To"]), str(form["Body"])
        tally = self.ledger.messages[number]
        refusal = sms_refusal(number, tally.requests + 1)
        if refusal is not None:
            tally.refused += 1
            return web.json_response({"code": refusal.code}, status=refusal.status)
        tally.accepted += 1
        self.ledger.texts[number] = text
        return web.json_response(
            {"sid": f"SM{number[1:]}x{tally.accepted}", "status": "queued"}, status=201
        )
