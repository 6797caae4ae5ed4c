import json

import pytest

from meshproof.redact import HIDDEN, redact, redact_document, secret_name

CANARY = "kanarienvogel-7f3a"


@pytest.mark.parametrize(
    "text",
    [
        f"authorization: Bearer {CANARY}",
        f'"authorization": "Bearer {CANARY}"',
        rf"{{\"authorization\": \"Bearer {CANARY}\"}}",
        f"Authorization=Basic {CANARY}",
        f"upstream said: bearer {CANARY}, and left",
        f"cookie: session={CANARY}",
        f"set-cookie: session={CANARY}; Path=/",
        f"GET /login?password={CANARY}&user=jason",
        f"GET http://reader:{CANARY}@reviews:9080/reviews/0",
        f"DB_PASSWORD={CANARY}",
        f"password: {CANARY}",
        f'"x-api-key":"{CANARY}"',
        f'{{"name": "x-auth-token", "value": "{CANARY}"}}',
        f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{CANARY}",
        f'kubectl.kubernetes.io/last-applied-configuration: {{"data": "{CANARY}"}}',
    ],
)
def test_credential_is_hidden_wherever_it_is_recognised(text):
    hidden = redact(text)
    assert CANARY not in hidden
    assert HIDDEN in hidden


def test_token_is_known_by_its_shape():
    shape = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJqYXNvbiJ9.c2lnbmF0dXJl"
    assert redact(f"x-user: {shape}") == f"x-user: {HIDDEN}"


@pytest.mark.parametrize(
    "text",
    [
        "GET http://reviews:9080/reviews/0  end-user: jason",
        '503 UC upstream_reset_before_response_started{connection_termination} "-"',
        "call probe-a -> GET http://x:1/  authorization: (hidden)",
        "cluster outbound|9080|v1|reviews.bookinfo.svc.cluster.local",
        "spiffe://cluster.local/ns/bookinfo/sa/bookinfo-reviews",
        "it keeps its monkey: a token gesture",
    ],
)
def test_everything_else_stays_as_it_is(text):
    assert redact(text) == text


def test_known_secret_is_hidden_where_no_rule_would_look():
    assert redact(f"started with {CANARY}.", [CANARY, "x"]) == f"started with {HIDDEN}."


def test_document_loses_what_secret_names_stand_for():
    document = {
        "request_headers_to_add": [{"header": {"key": "authorization", "value": f"x {CANARY}"}}],
        "match": {"headers": [{"name": "cookie", "string_match": {"safe_regex": {"regex": CANARY}}}]},
        "env": [{"name": "DB_PASSWORD", "value": CANARY}],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": CANARY},
        "clientSecret": CANARY,
        "url": f"http://a:{CANARY}@b/",
        "name": "reviews",
        "port": 9080,
    }
    hidden = redact_document(document)
    assert CANARY not in json.dumps(hidden)
    assert (hidden["name"], hidden["port"]) == ("reviews", 9080)
    assert hidden["match"]["headers"][0]["name"] == "cookie"


@pytest.mark.parametrize(
    "name", ["Authorization", "x-auth-token", "DB_PASSWORD", "clientSecret", "client-key-data"]
)
def test_secret_names_are_known(name):
    assert secret_name(name)


@pytest.mark.parametrize("name", ["end-user", "x-request-id", "monkey", "tokenizer", "SERVICE_VERSION"])
def test_other_names_are_not_secret(name):
    assert not secret_name(name)
