"""The last step before a channel connects: let a message pass, aim it elsewhere, or hold it back."""

from dataclasses import replace
from typing import Any

from notifications import conf
from notifications.channel_api.sendable import Sendable
from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.sandbox.allowed import is_allowed
from tasks_core import clock

HELD = "held back: the sandbox is on"


def passing(sendable: Sendable) -> Sendable | SendResult:
    """Return what is to be sent, or the result of an attempt that sends nothing.

    With the sandbox off that is the message itself. With it on, a message to an address on
    ``SANDBOX_ALLOW`` passes, others go to the address of ``SANDBOX_REDIRECT_TO`` that their channel
    recognises, and without one they are held back.
    """
    if not conf.current().sandbox or is_allowed(_destination(sendable)):
        return sendable
    if sendable.is_late(clock.now()):
        return SendResult(outcome=Outcome.EXPIRED, error="expired right before it was sent")
    elsewhere = _elsewhere(sendable)
    if elsewhere:
        return _aimed(sendable, elsewhere)
    return SendResult(
        outcome=Outcome.SANDBOX, request={"to": _destination(sendable), "sandbox": HELD}
    )


def noted(asked: Sendable, passed: Sendable, result: SendResult) -> SendResult:
    """Say in the attempt log that a message went elsewhere."""
    if passed is asked:
        return result
    words = f"sent to {_destination(passed)} instead: the sandbox is on"
    request: dict[str, Any] = {**result.request, "sandbox": words}
    outcome = Outcome.SANDBOX if result.outcome is Outcome.SUCCESS else result.outcome
    # An endpoint that is gone is the one the message went to, not the one it was for; so is an address.
    return replace(result, outcome=outcome, request=request, endpoint_gone=False, bounce=None)


def _destination(sendable: Sendable) -> str:
    return sendable.receiver.url if sendable.receiver else sendable.address


def _elsewhere(sendable: Sendable) -> str:
    # Not at the top: the registry imports the channels, and they import the pipeline.
    from notifications.channel_api.registry import channel_named

    channel = channel_named(sendable.channel)
    return next(
        (address for address in conf.current().sandbox_redirect_to if channel.recognises(address)),
        "",
    )


def _aimed(sendable: Sendable, address: str) -> Sendable:
    receiver = sendable.receiver
    return replace(sendable, address=address, receiver=receiver and replace(receiver, url=address))
