"""Who may ask the page anything."""

import pytest
from tally.kubectl.ui.guard import HEADERS, is_token, stranger

HERE = "127.0.0.1:8080"


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"Host": HERE}),
        ("GET", {"Host": "localhost:8080"}),
        ("GET", {"Host": HERE, "Origin": f"http://{HERE}"}),
        ("POST", {"Host": HERE, "Origin": f"http://{HERE}"}),
        ("POST", {"Host": "localhost:8080", "Origin": "http://localhost:8080"}),
    ],
)
def test_the_page_itself_may_ask(method: str, headers: dict[str, str]) -> None:
    assert stranger(method, headers, 8080) is None


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {}),
        ("GET", {"Host": "127.0.0.1"}),
        ("GET", {"Host": "127.0.0.1:8081"}),
        ("GET", {"Host": "evil.example:8080"}),
        ("GET", {"Host": "127.0.0.1.evil.example:8080"}),
        ("GET", {"Host": "evil.example:8080", "Origin": "http://evil.example:8080"}),
        ("GET", {"Host": HERE, "Origin": "http://evil.example"}),
        ("GET", {"Host": HERE, "Origin": "null"}),
        ("POST", {"Host": HERE}),
        ("POST", {"Host": HERE, "Origin": "null"}),
        ("POST", {"Host": HERE, "Origin": "http://127.0.0.1:8081"}),
        ("POST", {"Host": HERE, "Origin": f"https://{HERE}"}),
        ("POST", {"Host": HERE, "Origin": f"http://{HERE}.evil.example"}),
        ("POST", {"Host": HERE, "Origin": "http://localhost:8080"}),
    ],
)
def test_nobody_else_may(method: str, headers: dict[str, str]) -> None:
    assert stranger(method, headers, 8080)


def test_the_token_is_all_of_it() -> None:
    assert is_token("secret", "secret")
    assert not any(is_token(given, "secret") for given in (None, "", "secre", "secrets", "sécret"))


def test_nothing_comes_from_elsewhere() -> None:
    policy = dict(each.split(" ", 1) for each in HEADERS["Content-Security-Policy"].split("; "))
    assert policy.pop("default-src") == "'none'"
    assert set(policy.values()) == {"'self'", "'none'"}
    assert {policy[name] for name in ("base-uri", "frame-ancestors")} == {"'none'"}
