"""Rendering takes its limits from whoever reads the settings, and says so where nobody has."""

import subprocess
import sys

WITHOUT_SETTINGS = """
from notifications.rendering.compiled import CompiledText

CompiledText("", "Hello", limit=80)
"""


def test_without_limits_a_sentence_says_what_to_import() -> None:
    command = [sys.executable, "-c", WITHOUT_SETTINGS]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.stderr.splitlines()[-1].startswith(
        "RuntimeError: nobody has said what the limits are"
    )
    assert "notifications.conf" in result.stderr
