"""A real browser in front of the real pages."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connections
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from tasks_core.worker import process
from tests.admin import task_types  # registers them

__all__ = ["task_types"]

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


# Not longer than a module: until it is closed no other event loop can run in this thread. While it runs,
# this thread has other connections than before and after. The database is dropped by those that made it,
# so it is made before, and what was opened meanwhile is closed with it.
@pytest.fixture(scope="module")
def browser(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Browser]:
    program = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"no browser is installed; looked for {', '.join(PROGRAMS)}")
    # Playwright keeps an event loop running in this thread, where Django would then refuse queries.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield running
        running.close()
        with django_db_blocker.unblock():
            connections.close_all()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, tmp_path: Path) -> Iterator[Page]:
    """Return a page that fails the test on script errors, missing files and foreign addresses."""
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(f"script error: {error}"))
    opened.on(
        "response",
        lambda answer: (
            problems.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
        ),
    )
    opened.on(
        "request",
        lambda request: (
            problems.append(f"foreign address: {request.url}")
            if not request.url.startswith((live_server.url, "data:", "about:"))
            else None
        ),
    )
    yield opened
    context.close()
    process.drain()
    assert not problems


@pytest.fixture
def operator(page: Page) -> Page:
    """Return the page of an operator who has just logged in."""
    User.objects.create_superuser("operator", password="secret-of-the-operator")
    page.goto("/admin/")
    page.get_by_label("Username").fill("operator")
    page.get_by_label("Password").fill("secret-of-the-operator")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/admin/")
    return page
