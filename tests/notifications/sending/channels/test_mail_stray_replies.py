"""Whatever a mail server says without being asked, each mail has its own result and no other's."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from notifications.rules.outcome import SendResult
from notifications.sending.channels.email.connection import connection as mail
from tests.notifications.sending.channels.scripted_mail_server import (
    PIPELINING,
    Answer,
    ScriptedMailServer,
    Step,
    serving,
)
from tests.notifications.sending.channels.test_mail_stream import (  # noqa: F401 (fixtures)
    hand_over,
    mail_settings,
    message,
    outcomes,
    server,
    subjects,
)

STRAY = ["250 stray", "354 stray", "550 5.1.1 stray", "451 stray", "220 stray", "no reply at all"]
STAGES = ["mail", "rcpt", "data", "content"]
USUAL = {"data": "354 go on"}


def one_more(stage: str, stray: str, *, before: bool) -> str:
    usual = USUAL.get(stage, "250 ok")
    return f"{stray}\r\n{usual}" if before else f"{usual}\r\n{stray}"


def assert_own(results: Sequence[SendResult], by: ScriptedMailServer, strange: int) -> None:
    """Nobody is refused for good, no address is stopped, and what is said to be sent has been taken."""
    taken = set(by.subjects)
    for number, result in enumerate(results, 1):
        if number != strange:
            assert result.outcome in {"success", "transient", "ambiguous"}
            assert (result.outcome == "success") <= (f"Message {number}" in taken)
            assert result.bounce is None


def test_a_reply_that_is_left_over_does_not_become_the_first_of_the_next_batch(
    server: ScriptedMailServer,  # noqa: F811
) -> None:
    server.script = {
        ("content", 2): "250 ok\r\n250 once more",
        ("rcpt", 3): "550 5.1.1 unknown",
        ("data", 3): "503 no",
    }
    assert outcomes(hand_over([message(1), message(2)])) == ["success", "success"]
    results = hand_over([message(3), message(4)])
    assert outcomes(results) == ["permanent", "success"]
    assert server.subjects == subjects(1, 2, 4)
    assert server.connections == 2


@pytest.mark.parametrize("extensions", [PIPELINING, ()])
def test_a_server_that_says_good_bye_between_batches_costs_nothing(
    server: ScriptedMailServer,  # noqa: F811
    extensions: tuple[str, ...],
) -> None:
    server.extensions = extensions
    server.script = {("content", 1): "250 ok\r\n421 4.4.2 idle for too long"}
    assert outcomes(hand_over([message(1)])) == ["success"]
    assert outcomes(hand_over([message(2), message(3)])) == ["success", "success"]
    assert server.subjects == subjects(1, 2, 3)
    assert server.connections == 2


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("stray", STRAY)
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("extensions", [PIPELINING, ()])
def test_a_stray_reply_shifts_no_result(
    server: ScriptedMailServer,  # noqa: F811
    extensions: tuple[str, ...],
    stage: str,
    stray: str,
    before: bool,
) -> None:
    server.extensions = extensions
    server.script = {
        (stage, 2): one_more(stage, stray, before=before),
        ("rcpt", 5): "550 5.1.1 unknown",
        ("data", 5): "503 no",
    }
    results = hand_over([message(n) for n in range(1, 5)])
    assert_own(results, server, strange=2)
    assert results[0].outcome == "success"
    assert results[1].bounce is None
    assert results[3].outcome == "success"
    server.mails = 4  # however often one was tried, the next is the fifth
    last = hand_over([message(5), message(6)])
    assert outcomes(last) == ["permanent", "success"]
    assert server.subjects[-2:] == subjects(4, 6)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("stray", STRAY)
def test_the_last_mail_of_a_batch_is_not_refused_by_a_stray_reply(
    server: ScriptedMailServer,  # noqa: F811
    stray: str,
    before: bool,
) -> None:
    server.script = {("content", 2): one_more("content", stray, before=before)}
    [_, last] = hand_over([message(1), message(2)])
    assert last.outcome in {"success", "ambiguous"}
    assert last.bounce is None
    assert outcomes(hand_over([message(3), message(4)])) == ["success", "success"]
    assert server.subjects[-2:] == subjects(3, 4)


@pytest.mark.parametrize(
    "said",
    [
        "250-" + "x" * 9_000,
        "\r\n".join(["250-more"] * 200),
        "250-yes\r\n550 no",
        "99 ok",
        "999 ok",
        "-25 ok",
        "2_0 ok",
        "250",
    ],
)
def test_what_is_no_reply_leaves_open_what_became_of_the_mail(
    server: ScriptedMailServer,  # noqa: F811
    said: str,
) -> None:
    server.script = {("content", 1): said}
    [result] = hand_over([message(1)])
    is_reply = said == "250"
    assert (result.outcome, result.bounce) == ("success" if is_reply else "ambiguous", None)
    assert result.status_code == (250 if is_reply else None)
    assert outcomes(hand_over([message(2)])) == ["success"]


lines = st.builds(
    "{}{}{}".format,
    st.sampled_from(["250", "354", "421", "451", "503", "550", "552", "220", "999", "", "2"]),
    st.sampled_from([" ", "-", ""]),
    st.sampled_from(["ok", "5.1.1 unknown", "2.0.0", "", "\xff\x00", "x" * 600]),
)
answers = st.lists(lines, min_size=1, max_size=5).map("\r\n".join)
scripts = st.dictionaries(st.sampled_from(STAGES), answers, min_size=1, max_size=2)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(scripts, st.sampled_from([PIPELINING, ()]))
def test_whatever_is_said_of_one_mail_is_not_said_of_another(
    mail_settings: Settings,  # noqa: F811
    script: dict[str, str],
    extensions: tuple[str, ...],
) -> None:
    mail_settings.EMAIL_TIMEOUT = 0.2
    said: dict[Step, Answer] = {(stage, 2): answer for stage, answer in script.items()}
    strange = ScriptedMailServer(script=said, extensions=extensions)
    with serving(strange) as mail_settings.EMAIL_PORT:
        results = hand_over([message(n) for n in range(1, 5)])
        assert_own(results, strange, strange=2)
        assert all(one.status_code is None or 200 <= one.status_code < 600 for one in results)
        strange.script = {}
        assert outcomes(hand_over([message(5), message(6)])) == ["success", "success"]
        assert strange.subjects[-2:] == subjects(5, 6)
        mail.drop()
