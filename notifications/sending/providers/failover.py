"""Try the providers of a channel in turn, until one takes the message."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random

from django.core.exceptions import ImproperlyConfigured

from notifications import conf
from notifications.channel_api.sendable import Sendable
from notifications.rules.outcome import Outcome, SendResult, storable_result, without_key
from notifications.sending.providers.account import Account, Carrier
from notifications.sending.providers.accounts import enabled_accounts
from notifications.sending.providers.admission import Asked, Seen, admission, note
from notifications.sending.providers.exchange import clean
from notifications.sending.providers.health import Admission
from notifications.sending.unexpected import failed
from tasks_core import clock
from tasks_core.encryption import KeyMissing

_RANKS = (
    Outcome.SUCCESS,
    Outcome.EXPIRED,
    Outcome.AMBIGUOUS,
    Outcome.TRANSIENT,
    Outcome.THROTTLED,
    Outcome.PERMANENT,
)
"""Of several outcomes the one that decides what follows comes first."""

_rng = Random()


async def send_through(channel: str, carriers: Iterable[Carrier], sendable: Sendable) -> SendResult:
    """Send by the first provider that takes the message.

    The next one is tried when the one before cannot take it now, or cannot take it at all while others
    may. A provider that gave no answer may have sent it: then the next one is tried only if receiving
    it twice does no harm, as with a code, or if ``REPEAT_UNANSWERED`` says so.

    A provider that keeps failing, that asked for a pause, or whose rate is used up is left out. If all are,
    no attempt is made: the message comes back later.
    """
    known = {carrier.kind: carrier for carrier in carriers}
    try:
        accounts = [one for one in await enabled_accounts(channel) if one.kind in known]
    except KeyMissing as error:
        return without_key(error)
    except ImproperlyConfigured as error:  # a sealed credential is damaged
        return SendResult(outcome=Outcome.TRANSIENT, error=str(error))
    results: list[SendResult] = []
    tried: list[dict[str, str]] = []
    refusals: list[Admission] = []
    for position, account in enumerate(accounts):
        left = len(accounts) - position
        answer = await admission(Asked(account.provider_id, left == 1 and not results))
        if answer.wait:
            refusals.append(replace(answer, reason=f"{account.name} {answer.reason}"))
            tried.append({"name": account.name, "outcome": "left out", "error": answer.reason})
            continue
        result = await _hand_over(known[account.kind], account, sendable, left)
        results.append(result)
        tried.append(_told(account, result, clean(sendable, result.error)))
        if not _passes_on(sendable, result):
            break
    if results:
        return _concluded(sendable, results, tried)
    return _left_out(refusals) if refusals else _nobody(channel)


async def _hand_over(
    carrier: Carrier, account: Account, sendable: Sendable, providers: int
) -> SendResult:
    """Let one provider try; whatever its carrier does comes to a result, from which its breaker learns."""
    try:
        sent = await carrier.send(account, sendable, _share(sendable, providers))
    except Exception as error:  # noqa: BLE001 see failed
        sent = failed(sendable, error)
    result = storable_result(sent)
    if carrier.is_one_service:
        await note(Seen(account.provider_id, result))
    return result


def _share(sendable: Sendable, providers: int) -> float:
    """Return the seconds for one provider: a slow one leaves the others their part of the life."""
    longest = conf.current().outgoing_total_timeout
    left = sendable.seconds_left(clock.now())
    return longest if left is None else min(longest, left / providers)


def may_repeat(sendable: Sendable) -> bool:
    """Return whether a message that may have arrived can be sent again."""
    return sendable.is_secret or conf.current().repeat_unanswered


def _passes_on(sendable: Sendable, result: SendResult) -> bool:
    if result.outcome is Outcome.AMBIGUOUS:
        return may_repeat(sendable)
    return result.try_next or result.outcome in (Outcome.TRANSIENT, Outcome.THROTTLED)


def _concluded(
    sendable: Sendable, results: Sequence[SendResult], tried: list[dict[str, str]]
) -> SendResult:
    best = min(results, key=lambda result: _RANKS.index(result.outcome))
    if best.outcome is Outcome.AMBIGUOUS and not may_repeat(sendable):
        best = replace(
            best,
            outcome=Outcome.PERMANENT,
            error=f"it may have arrived, so it is not sent again: {best.error}",
        )
    request = {**clean(sendable, best.request), "providers": tried}
    return replace(best, request=request, response=clean(sendable, best.response))


def _told(account: Account, result: SendResult, error: str) -> dict[str, str]:
    return {"name": account.name, "outcome": result.outcome.value, "error": error}


def _left_out(refusals: Sequence[Admission]) -> SendResult:
    """Nothing was tried: wait for the place that was promised, or for whoever comes back first."""
    first = min(refusals, key=lambda one: one.wait)
    promised = next((one for one in refusals if one.is_promised), None)
    # So that all who were told it do not come back at once.
    wait = promised.wait if promised else first.wait * _rng.uniform(1.0, 1.25) + _rng.random()
    return SendResult(
        outcome=Outcome.THROTTLED,
        untried=True,
        retry_after=wait,
        error="; ".join(one.reason for one in refusals),
    )


def _nobody(channel: str) -> SendResult:
    """Not the message's fault either: it waits for somebody to register or enable one."""
    error = f"no provider of channel {channel} is enabled; register one (register_provider)"
    return SendResult(outcome=Outcome.TRANSIENT, error=error)
