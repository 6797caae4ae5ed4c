"""A client without a certificate is turned away where one is required; so is one with a stranger's."""

import pytest

from meshproof.certificates import Authority
from meshproof.checks import saw_header, served_by, status, tls_alert

pytestmark = pytest.mark.behaviour(
    "IN-04",
    manifests=("client-certificate-required.istio.yaml", "client-certificate-required.gateway-api.yaml"),
)

HOST = "private.example"
CERTIFICATE_REQUIRED, UNKNOWN_AUTHORITY = 116, 48


@pytest.fixture(scope="module")
def groundwork(certificates, authority):
    certificates.put("private-certificate", authority.issue(HOST), clients=authority)
    certificates.trust("private-clients", authority)


def test_client_with_a_certificate_is_served(edge, expect, authority):
    call = edge.get(HOST, client=authority.issue("reader.example"))
    told = saw_header("x-forwarded-client-cert", 'Subject="CN=reader.example"')
    expect.converged(call, status(200) & served_by("backend-v1") & told)


def test_client_without_a_certificate_is_turned_away(edge, expect):
    expect.converged(edge.get(HOST), tls_alert(CERTIFICATE_REQUIRED))


def test_client_with_a_certificate_of_a_stranger_is_turned_away(edge, expect):
    stranger = Authority.named("stranger").issue("reader.example")
    expect.converged(edge.get(HOST, client=stranger), tls_alert(UNKNOWN_AUTHORITY))
