import json
from urllib.parse import quote, quote_plus

import pytest
import yaml

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
        f'  kubectl.kubernetes.io/last-applied-configuration: |\n    {{"data": "{CANARY}"}}\n',
        f"Authorization: token {CANARY}",
        f"authorization: ApiKey {CANARY}",
        f"proxy-authorization: AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=c, Signature={CANARY}",
        f"cookie: a=1; sid={CANARY}",
        f'cookie: a="1"; sid={CANARY}',
        f"curl -H 'Cookie: a=1; sid={CANARY}' http://reviews/",
        rf'{{"msg": "cookie: a=\"1\"; sid={CANARY}"}}',
        f"map[Authorization:[Digest {CANARY}] Cookie:[a=1; sid={CANARY}]]",
        f'{{"authorization": ["a", "{CANARY}"]}}',
        f'{{"private_key": {{"inline_bytes": "{CANARY}"}}}}',
        f'{{"private_key": {{\n  "inline_bytes": "{CANARY}"\n}}}}',
        f'"cookie": {{"exact": "a=\\"1\\"; {CANARY}"',
        f"password: ({CANARY})",
        f"password: a,{CANARY}",
        rf"password: a\{CANARY}",
        f'password: "it\'s {CANARY}"',
        rf'"password": "a\"{CANARY}"',
        f"password: |\n  {CANARY}\n",
        f"vault --password {CANARY} --verbose",
        f'["--client-secret", "{CANARY}"]',
        f"https://u:pa@{CANARY}@host/",
        f"https://u:pa/{CANARY}@host/",
        f"next=%2F&token%3D{CANARY}",
        f"- name: DB_PASSWORD\n  value: {CANARY}\n",
        f'headers():add("x-api-key", "{CANARY}")',
        f'headers["x-api-key"] == "{CANARY}"',
        f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n{CANARY}",
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
        "call probe-a -> GET http://x:1/  authorization: (hidden)  cookie: (hidden)  end-user: jason",
        "x-api-key:\n  exact: (hidden)\n",
        "cookie:\n  regex: (hidden)\n",
        "- key: request.headers[x-api-key]\n  values:\n  - (hidden)\n",
        "automountServiceAccountToken: false",
        "oci://registry/charts/gateway@sha256:0123456789abcdef",
        "http://[::1]:8080/a@b and http://reviews:9080/a@b",
        "http://token-service:9080/",
        '"token_bucket": {"max_tokens": 4, "tokens_per_fill": 4}',
        '"tls_certificate_sds_secret_configs": [{"name": "default"}]',
        '"envoy.filters.http.jwt_authn": {"requirement_name": "origins"}',
    ],
)
def test_everything_else_stays_as_it_is(text):
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "authorization: token abcdefgh\ncookie: a=1; sid=b\nend-user: jason",
        'password: (a) {"cookie": {"exact": "a"}, "token": ["b", 1, true]} "end-user": "jason"',
        "password: |\n  abc\n\nend-user: jason",
        "https://u:pa@ss@host/?token=a,b&c=d --password x",
    ],
)
def test_what_is_hidden_already_stays_as_it_is(text):
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (
            f"cookie: a=1; sid={CANARY}\nend-user: jason",
            f"cookie: {HIDDEN}\nend-user: jason",
        ),
        (
            f'"cookie: a=1; sid={CANARY}" 200 "reviews:9080"',
            f'"cookie: {HIDDEN}" 200 "reviews:9080"',
        ),
        (f"/?password=a,{CANARY}&user=jason", f"/?password={HIDDEN}&user=jason"),
        (
            f'{{"token": {{"exact": "{CANARY}", "ignore_case": true}}, "port": 9080}}',
            f'{{"token": {{"exact": "{HIDDEN}", "ignore_case": true}}, "port": 9080}}',
        ),
        (f"token: [{CANARY}\nport: 9080", f"token: [{HIDDEN}\nport: 9080"),
        (f"password: |\n  {CANARY}\nport: 9080", f"password: |\n  {HIDDEN}\nport: 9080"),
    ],
)
def test_no_more_is_hidden_than_the_value(text, hidden):
    assert redact(text) == hidden


@pytest.mark.parametrize("seen", ['say "kanarienvogel"', "kanarien vogel/7f3a", "kanarien\nvogel"])
def test_known_secret_is_hidden_as_json_and_urls_write_it(seen):
    said = f"{json.dumps({'said': seen})} {quote(seen, safe='')} {quote_plus(seen)}"
    assert "vogel" not in redact(said, [seen])


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
    "document",
    [
        {"match": [{"headers": {"x-api-key": {"exact": CANARY}}}]},
        {"match": [{"headers": {"authorization": {"regex": f"Bearer {CANARY}"}}}]},
        {"match": [{"withoutHeaders": {"cookie": {"regex": CANARY}}}]},
        {"match": [{"queryParams": {"token": {"exact": CANARY}}}]},
        {"when": [{"key": "request.headers[x-api-key]", "values": [CANARY]}]},
        {"when": [{"key": 'request.headers["Authorization"]', "notValues": [CANARY]}]},
        {"headers": [{"type": "Exact", "name": "cookie", "value": CANARY}]},
        {"headers": [{"name": "x-api-key", "string_match": {"suffix": CANARY}}]},
        {"authorization": [CANARY]},
        {"private_key": {"inline_bytes": CANARY}},
        {"clientSecret": {"deep": [{"deeper": [CANARY, {"deepest": CANARY}]}]}},
        {"args": ["--password", CANARY]},
        {"inline_code": f'request_handle:headers():add("x-api-key", "{CANARY}")'},
        {"said": json.dumps({"cookie": {"exact": CANARY}})},
    ],
)
def test_document_loses_every_leaf_below_a_secret_name(document):
    hidden = redact_document(document)
    assert CANARY not in json.dumps(hidden)
    assert HIDDEN in json.dumps(hidden)
    # What is hidden once passes the rules for texts unchanged, in JSON and in YAML.
    for text in (json.dumps(hidden, indent=1), yaml.safe_dump(hidden)):
        assert redact(text) == text


@pytest.mark.parametrize(
    "document",
    [
        {"corsPolicy": {"allowCredentials": True, "allowHeaders": ["authorization", "x-request-id"]}},
        {"jwtRules": [{"fromHeaders": [{"name": "authorization", "prefix": "Bearer "}]}]},
        {"token_bucket": {"max_tokens": 4, "tokens_per_fill": 4, "fill_interval": "60s"}},
        {"tls_certificate_sds_secret_configs": [{"name": "default", "sds_config": {"ads": {}}}]},
        {"typed_per_filter_config": {"envoy.filters.http.jwt_authn": {"requirement_name": "origins"}}},
        {"tls": {"credentialName": "bookinfo", "mode": "SIMPLE"}},
        {"forwardOriginalToken": True, "token": None, "cookie": "", "authorization": None},
        {"when": [{"key": "request.headers[end-user]", "values": ["jason"]}]},
        {"metadata": {"name": "token", "namespace": "shop"}, "spec": {"hosts": ["token"]}},
    ],
)
def test_document_without_credentials_stays_as_it_is(document):
    assert redact_document(document) == document
    for text in (json.dumps(document), json.dumps(document, indent=1), yaml.safe_dump(document)):
        assert redact(text) == text


@pytest.mark.parametrize(
    "name", ["Authorization", "x-auth-token", "DB_PASSWORD", "clientSecret", "client-key-data"]
)
def test_secret_names_are_known(name):
    assert secret_name(name)


@pytest.mark.parametrize("name", ["end-user", "x-request-id", "monkey", "tokenizer", "SERVICE_VERSION"])
def test_other_names_are_not_secret(name):
    assert not secret_name(name)
