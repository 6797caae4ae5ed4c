"""Where a certificate is asked for and not required, a client is served with one and without."""

import pytest

from meshproof.checks import saw_header, served_by, status

pytestmark = pytest.mark.behaviour(
    "IN-04",
    manifests=("client-certificate-optional.istio.yaml", "client-certificate-optional.gateway-api.yaml"),
)

HOST = "open.example"
TOLD = "x-forwarded-client-cert"


@pytest.fixture(scope="module")
def groundwork(certificates, authority):
    certificates.put("open-certificate", authority.issue(HOST), clients=authority)
    certificates.trust("open-clients", authority)


def test_client_without_a_certificate_is_served(edge, expect):
    expect.converged(edge.get(HOST), status(200) & served_by("backend-v1"))


def test_client_with_a_certificate_is_served_and_known_by_it(edge, expect, authority):
    call = edge.get(HOST, client=authority.issue("reader.example"))
    expect.converged(
        call, status(200) & served_by("backend-v1") & saw_header(TOLD, 'Subject="CN=reader.example"')
    )
