"""Disputes: each merchant gets one mail about all that come in within a few seconds."""

from collections import Counter
from datetime import timedelta

from examples.demo.asked import Asked
from examples.demo.checks import Check
from examples.demo.kinds import DIGEST
from examples.demo.scenarios.stage import Found, Stage
from examples.payments.merchants import read_merchants
from notifications.api import add_to_digest

MERCHANTS, DISPUTES = 4, 6
WINDOW = timedelta(seconds=4)
REASONS = ("not received", "charged twice", "not as described")


def ask(stage: Stage) -> Asked:
    """Tell the merchants of their disputes, in turn."""
    merchants = [merchant.id for merchant in read_merchants()[:MERCHANTS]]
    for number in range(MERCHANTS * DISPUTES):
        add_to_digest(
            "dispute-digest",
            to=f"disputes@{merchants[number % MERCHANTS]}.example",
            item={
                "case": _case(stage, number),
                "amount": f"{10 + number}.00",
                "reason": REASONS[number % len(REASONS)],
            },
            key=f"{stage.run}-disputes",
            window=WINDOW,
        )
    return Asked({DIGEST: MERCHANTS * DISPUTES})


def check(stage: Stage, found: Found) -> Check:
    """Every dispute is in one mail, and in no other."""
    mails = [found.mails.texts.get(one.identity, "") for one in found.sent(DIGEST, "email")]
    cases = [_case(stage, number) for number in range(MERCHANTS * DISPUTES)]
    seen = Counter({case: sum(case in mail for mail in mails) for case in cases})
    wrong = [f"{case} in {seen[case]}" for case in cases if seen[case] != 1]
    if wrong:
        return Check(False, f"Digests: disputes are not in one mail each: {', '.join(wrong[:5])}")
    return Check(True, f"Digests: {len(cases)} disputes in {len(mails)} mails, each in one")


def _case(stage: Stage, number: int) -> str:
    return f"D-{stage.number:05}-{number:02}"
