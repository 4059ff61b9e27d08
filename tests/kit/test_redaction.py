import pytest

from jwt_pizza.kit.redaction import redacted

JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOjF9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"it said {JWT}.", JWT.split(".")[2]),
        (f"cut off: {JWT[:30]}", JWT[:30]),
        ("Authorization: Bearer abcd-efgh_123", "abcd-efgh_123"),
        ("headers: {'authorization': 'Basic dXNlcjpwYXNz'}", "dXNlcjpwYXNz"),
        ("GET https://f/api/support/KEYKEY/report/CODECODE?x=1", "KEYKEY"),
        ("GET https://f/api/support/KEYKEY/report/CODECODE?x=1", "CODECODE"),
        ("https://f/api/report?apiKey=KEYKEY&fixCode=CODECODE", "CODECODE"),
        ('{"password": "hunter2"}', "hunter2"),
        ('{\\"password\\":\\"hunter2\\"}', "hunter2"),
        ("postgresql://pizza:hunter2@db/pizza refused", "hunter2"),
        ("api_key=KEYKEY", "KEYKEY"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str, secret: str) -> None:
    cleaned = redacted(text)
    assert secret not in cleaned
    assert "[redacted]" in cleaned


@pytest.mark.parametrize(
    "text",
    [
        "jwt_pizza/shop/connections/store.py:79",
        "the signing keys are not loaded",
        'File "/srv/jwt_pizza/kit/jwt.py", line 12, in check',
        "3 tokens, 1 password",
        "http://127.0.0.1:3000/api/order answered 503",
    ],
)
def test_the_rest_stays_as_it_is(text: str) -> None:
    assert redacted(text) == text
