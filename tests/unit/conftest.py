"""Fixtures of the unit tests."""

import pytest


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> str:
    """Makes a score known that looks at earlier weights; returns its name."""
    from nmt.modules.attention import SCORES
    from tests.unit.models import ForgetfulScore

    monkeypatch.setitem(SCORES, "forgetful", ForgetfulScore)
    return "forgetful"
