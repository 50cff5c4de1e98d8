"""The mail server, the merchants' endpoints and the SMS gateway, in a thread of their own."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

from examples.demo.mail_server import MailServer
from examples.demo.merchant_server import MerchantServer
from examples.demo.sms_gateway import SmsGateway
from examples.payments.merchants import read_merchants

ANSWER_SECONDS = 10.0


class Receivers:
    """Everything that takes the demo's messages; use it as a context manager."""

    def __init__(self) -> None:
        self.mail = MailServer()
        self.merchants = MerchantServer([merchant.id for merchant in read_merchants()])
        self.sms = SmsGateway()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="receivers", daemon=True
        )

    def __enter__(self) -> "Receivers":
        self._thread.start()
        self._call(self.mail.start())
        self._call(self.merchants.start())
        self._call(self.sms.start())
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        await self.mail.stop()
        await self.merchants.stop()
        await self.sms.stop()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _call(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(ANSWER_SECONDS)
