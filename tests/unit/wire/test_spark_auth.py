from __future__ import annotations

import base64
from urllib.parse import parse_qsl, urlsplit

import pytest

from salon.wire import spark_auth
from salon.wire.spark_auth import Claim, Rejection

DATE = "Sun, 01 Nov 2026 08:00:00 GMT"
NOW = 1793520000
KEY, SECRET = "test-api-key", "test-api-secret"

# The vectors: the first is iFlytek's own, the others were computed apart from this code.
V1_SIGNATURE = "oe0YUb89W6mwNjDrSKrAqLzhfQVdOl4HC+iUcYLy5pc="
V1_AUTHORIZATION = (
    "YXBpX2tleT0idGVzdC1hcGkta2V5IiwgYWxnb3JpdGhtPSJobWFjLXNoYTI1NiIsIGhlYWRlcnM9Imhvc3QgZGF0ZSByZXF1ZXN0LWxpbmUiLCBz"
    "aWduYXR1cmU9Im9lMFlVYjg5VzZtd05qRHJTS3JBcUx6aGZRVmRPbDRIQytpVWNZTHk1cGM9Ig=="
)
V3_AUTHORIZATION = (
    "aG1hYyB1c2VybmFtZT0idGVzdC1hcGkta2V5IiwgYWxnb3JpdGhtPSJobWFjLXNoYTI1NiIsIGhlYWRlcnM9Imhvc3QgZGF0ZSByZXF1ZXN0LWxp"
    "bmUiLCBzaWduYXR1cmU9Im9lMFlVYjg5VzZtd05qRHJTS3JBcUx6aGZRVmRPbDRIQytpVWNZTHk1cGM9Ig=="
)


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def check(query: dict[str, str], *, path: str = "/v3.5/chat", now: float = NOW) -> Claim | Rejection:
    return spark_auth.verify(query, path=path, secret_of={KEY: SECRET}.get, now=now)


def test_official_vector() -> None:
    signature = spark_auth.sign(
        "apisecretXXXXXXXXXXXXXXXXXXXXXXX",
        host="api.xf-yun.com",
        date="Fri, 23 Apr 2021 02:35:47 GMT",
        path="/v1/private/s782b4996",
        method="POST",
    )
    assert signature == "1jwQbIAKmQE7JwIH0IDxiC1pejrlN+VpHXDWOFVy5NM="
    assert spark_auth.authorization("apikeyXXXXXXXXXXXXXXXXXXXXXXXXXX", signature) == (
        "YXBpX2tleT0iYXBpa2V5WFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFgiLCBhbGdvcml0aG09ImhtYWMtc2hhMjU2IiwgaGVhZGVycz0iaG9z"
        "dCBkYXRlIHJlcXVlc3QtbGluZSIsIHNpZ25hdHVyZT0iMWp3UWJJQUttUUU3SndJSDBJRHhpQzFwZWpybE4rVnBIWERXT0ZWeTVOTT0i"
    )


def test_signed_url() -> None:
    url = spark_auth.signed_url("wss://spark-api.xf-yun.com/v3.5/chat", api_key=KEY, api_secret=SECRET, date=DATE)
    assert url == (
        f"wss://spark-api.xf-yun.com/v3.5/chat?authorization={V1_AUTHORIZATION.replace('=', '%3D')}"
        "&date=Sun%2C+01+Nov+2026+08%3A00%3A00+GMT&host=spark-api.xf-yun.com"
    )


def test_the_port_is_part_of_the_signed_host() -> None:
    url = spark_auth.signed_url("ws://127.0.0.1:8765/v3.5/chat", api_key=KEY, api_secret=SECRET, date=DATE)
    assert "host=127.0.0.1%3A8765" in url
    claim = spark_auth.parse(query_of(url))
    assert isinstance(claim, Claim)
    assert claim.signature == "Qk0iUEYUMJTlxui0tb4wxwq/16wjb9Fu8JdzwzB5bW8="


def test_a_query_that_is_there_stays() -> None:
    url = spark_auth.signed_url("wss://h/p?tenant=7", api_key=KEY, api_secret=SECRET, date=DATE)
    assert query_of(url)["tenant"] == "7"
    assert isinstance(check(query_of(url), path="/p"), Claim)


def test_verify_takes_what_sign_makes() -> None:
    url = spark_auth.signed_url("wss://spark-api.xf-yun.com/v3.5/chat", api_key=KEY, api_secret=SECRET, date=DATE)
    claim = check(query_of(url))
    assert isinstance(claim, Claim)
    assert claim.api_key == KEY


QUERY = {"authorization": V1_AUTHORIZATION, "date": DATE, "host": "spark-api.xf-yun.com"}


def origin(
    *, key: str = f'api_key="{KEY}"', comma: str = ", ", signature: str = V1_SIGNATURE, algorithm: str = "hmac-sha256"
) -> str:
    return comma.join([key, f'algorithm="{algorithm}"', 'headers="host date request-line"', f'signature="{signature}"'])


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param(V3_AUTHORIZATION, id="one-api: hmac username"),
        pytest.param(encoded(origin(comma=",         ")), id="spark-ai-python, langchain: many spaces"),
        pytest.param(encoded(origin(comma=",")), id="sparkdesk-api: no spaces"),
        pytest.param(encoded(origin(algorithm="HMAC-SHA256")), id="capitals"),
    ],
)
def test_deviations_of_real_clients(authorization: str) -> None:
    assert isinstance(check(QUERY | {"authorization": authorization}), Claim)


def test_a_date_in_utc() -> None:
    date = DATE.replace("GMT", "UTC")
    signature = spark_auth.sign(SECRET, host="h", date=date, path="/v3.5/chat")
    query = {"authorization": spark_auth.authorization(KEY, signature), "date": date, "host": "h"}
    assert isinstance(check(query), Claim)


def test_the_order_of_the_lines_is_the_clients() -> None:
    order = ("request-line", "host", "date")
    signature = spark_auth.sign(SECRET, host="h", date=DATE, path="/v3.5/chat", headers=order)
    text = origin(signature=signature).replace("host date request-line", " ".join(order))
    assert isinstance(check({"authorization": encoded(text), "date": DATE, "host": "h"}), Claim)


def test_base64_that_was_not_url_encoded() -> None:
    key = "k>>>?"  # its Base64 has a plus sign
    text = origin(key=f'api_key="{key}"', signature="x")
    assert "+" in encoded(text)
    claim = spark_auth.parse(QUERY | {"authorization": encoded(text).replace("+", " ")})
    assert isinstance(claim, Claim)
    assert claim.api_key == key


@pytest.mark.parametrize(
    ("query", "rejection"),
    [
        pytest.param({}, spark_auth.UNSIGNED, id="nothing"),
        pytest.param(QUERY | {"authorization": ""}, spark_auth.UNSIGNED, id="empty"),
        pytest.param(QUERY | {"authorization": "%%%"}, spark_auth.UNREADABLE, id="not Base64"),
        pytest.param(QUERY | {"authorization": encoded("hello")}, spark_auth.UNREADABLE, id="no pairs"),
        pytest.param(QUERY | {"authorization": "/w=="}, spark_auth.UNREADABLE, id="not UTF-8"),
        pytest.param(QUERY | {"date": ""}, spark_auth.UNREADABLE, id="no date"),
        pytest.param(QUERY | {"host": ""}, spark_auth.UNREADABLE, id="no host"),
        pytest.param(
            QUERY | {"authorization": encoded(origin(algorithm="hmac-sha1"))}, spark_auth.UNREADABLE, id="algorithm"
        ),
        pytest.param(
            QUERY | {"authorization": encoded(origin().replace("host date request-line", "host date"))},
            spark_auth.UNREADABLE,
            id="the request line is not signed",
        ),
        pytest.param(
            QUERY | {"authorization": encoded(origin(key='api_key="other"'))}, spark_auth.UNKNOWN_KEY, id="unknown key"
        ),
        pytest.param(
            QUERY | {"authorization": encoded(origin(signature="AAAA"))}, spark_auth.WRONG_SIGNATURE, id="signature"
        ),
        pytest.param(
            QUERY | {"authorization": encoded(origin(signature="é"))}, spark_auth.WRONG_SIGNATURE, id="not ASCII"
        ),
        pytest.param(QUERY | {"host": "other"}, spark_auth.WRONG_SIGNATURE, id="another host"),
        pytest.param(QUERY | {"date": "Sun, 01 Nov 2026 08:00:01 GMT"}, spark_auth.WRONG_SIGNATURE, id="another date"),
    ],
)
def test_rejections(query: dict[str, str], rejection: Rejection) -> None:
    assert check(query) == rejection


def test_another_path_is_another_signature() -> None:
    assert check(QUERY, path="/v1.1/chat") == spark_auth.WRONG_SIGNATURE


@pytest.mark.parametrize(("skew", "good"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_the_clocks_may_differ_by_five_minutes(skew: int, good: bool) -> None:
    answer = check(QUERY, now=NOW + skew)
    assert isinstance(answer, Claim) if good else answer == spark_auth.WRONG_DATE


def test_a_date_that_is_none() -> None:
    signature = spark_auth.sign(SECRET, host="h", date="yesterday", path="/v3.5/chat")
    query = {"authorization": spark_auth.authorization(KEY, signature), "date": "yesterday", "host": "h"}
    assert check(query) == spark_auth.WRONG_DATE


def test_rejections_as_http() -> None:
    assert (spark_auth.UNSIGNED.status, spark_auth.UNSIGNED.body) == (401, b'{"message":"Unauthorized"}')
    assert spark_auth.WRONG_DATE.status == 403


@pytest.mark.parametrize("text", ["", "1", "Sun, 99 Nov 2026 08:00:00 GMT", "Sun, 01 Nov 99999999999 08:00:00 GMT"])
def test_parse_http_date_says_none(text: str) -> None:
    assert spark_auth.parse_http_date(text) is None


def test_http_date_there_and_back() -> None:
    assert spark_auth.http_date(NOW) == DATE
    assert spark_auth.parse_http_date(DATE) == NOW
