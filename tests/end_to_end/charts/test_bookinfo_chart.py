"""The shop's chart: what runs by default, what one word turns on, and what every pod promises."""

import subprocess

import pytest
import yaml

ON = {"enabled": True}
NATIVE = "sidecar.istio.io/nativeSidecar"
EVERYTHING = {
    "services": {
        "details": {"versions": {"v2": ON}},
        "ratings": {
            "versions": dict.fromkeys(("v2", "v2-mysql", "v-faulty", "v-delayed", "v-unavailable"), ON)
        },
    },
    "database": ON,
    "gateway": ON,
    "clusterName": "east",
}
BY_DEFAULT = ["details-v1", "productpage-v1", "ratings-v1", "reviews-v1", "reviews-v2", "reviews-v3"]


@pytest.fixture(scope="module")
def bookinfo(chart):
    return chart("bookinfo")


def of_kind(rendered, kind):
    return {
        item["metadata"]["name"]: item
        for item in yaml.safe_load_all(rendered)
        if item and item["kind"] == kind
    }


def pod(rendered, name, kind="Deployment"):
    return of_kind(rendered, kind)[name]["spec"]["template"]


def environment(rendered, name):
    (container,) = pod(rendered, name)["spec"]["containers"]
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container["env"]}


def every_pod(rendered):
    return [
        of_kind(rendered, kind)[name]["spec"]["template"]
        for kind in ("Deployment", "Job")
        for name in of_kind(rendered, kind)
    ]


@pytest.mark.parametrize("values", [{}, EVERYTHING])
def test_chart_is_clean(bookinfo, values):
    assert not bookinfo.lint(values)


@pytest.mark.parametrize(("name", "values"), [("bookinfo", {}), ("bookinfo-everything", EVERYTHING)])
def test_chart_renders_as_before(bookinfo, same_as_golden, name, values):
    same_as_golden(name, bookinfo.render(values))


def test_by_default_the_versions_of_the_demo_run_and_no_database(bookinfo):
    rendered = bookinfo.render()
    assert sorted(of_kind(rendered, "Deployment")) == BY_DEFAULT
    assert sorted(of_kind(rendered, "Service")) == ["details", "productpage", "ratings", "reviews"]
    for kind in ("Secret", "Job", "ConfigMap", "Gateway"):
        assert not of_kind(rendered, kind), kind


@pytest.mark.parametrize(
    ("service", "version"),
    [("details", "v2"), ("ratings", "v-faulty"), ("ratings", "v-delayed"), ("ratings", "v-unavailable")],
)
def test_one_word_turns_a_version_on(bookinfo, service, version):
    rendered = bookinfo.render({"services": {service: {"versions": {version: ON}}}})
    found = of_kind(rendered, "Deployment")
    assert sorted(found) == sorted([*BY_DEFAULT, f"{service}-{version}"])
    made = found[f"{service}-{version}"]["spec"]["template"]
    assert made["metadata"]["labels"] == {"app": service, "version": version}
    told = environment(rendered, f"{service}-{version}")
    assert told["SERVICE_VERSION"] == version
    assert told["SERVICE_WORKLOAD"] == f"{service}-{version}"
    assert made["spec"]["serviceAccountName"] == f"bookinfo-{service}"


@pytest.mark.parametrize("off", [None, {"enabled": False}])
def test_a_version_is_turned_off(bookinfo, off):
    rendered = bookinfo.render({"services": {"reviews": {"versions": {"v1": off}}}})
    assert "reviews-v1" not in of_kind(rendered, "Deployment")


def test_a_version_of_ones_own_runs_unless_it_is_turned_off(bookinfo):
    values = {"services": {"reviews": {"versions": {"v4": {"replicas": 3, "env": {"RATINGS_TIMEOUT": 2}}}}}}
    rendered = bookinfo.render(values)
    assert of_kind(rendered, "Deployment")["reviews-v4"]["spec"]["replicas"] == 3
    assert environment(rendered, "reviews-v4")["RATINGS_TIMEOUT"] == "2"


def test_every_pod_promises_what_restricted_asks_for(bookinfo):
    pods = every_pod(bookinfo.render(EVERYTHING))
    assert len(pods) == len(BY_DEFAULT) + 8
    for template in pods:
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            }
            assert container["resources"]["limits"]["memory"]


def test_pods_are_replaced_one_after_the_other_and_drain(bookinfo):
    rendered = bookinfo.render({"drainSeconds": 7, "terminationGracePeriodSeconds": 40})
    for name, deployment in of_kind(rendered, "Deployment").items():
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}, name
        spec = deployment["spec"]["template"]["spec"]
        assert spec["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 7}}}
        assert spec["terminationGracePeriodSeconds"] == 40


def test_no_drain_is_no_hook(bookinfo):
    # Not every Kubernetes takes a sleep of 0 s.
    assert "lifecycle" not in pod(bookinfo.render({"drainSeconds": 0}), "reviews-v1")["spec"]["containers"][0]


def test_sidecars_are_native_unless_one_says_otherwise(bookinfo):
    for wanted, annotations in {"true": {"mine": "kept"}, "false": {NATIVE: False}}.items():
        for template in every_pod(bookinfo.render({**EVERYTHING, "podAnnotations": annotations})):
            found = template["metadata"]["annotations"]
            assert found[NATIVE] == wanted
            assert found.get("mine") == annotations.get("mine")


def test_route_of_the_way_in_goes_to_everybody_unless_one_says_to_whom(bookinfo):
    for given, expected in (({}, None), ({"exportTo": [".", "beside"]}, [".", "beside"])):
        rendered = bookinfo.render({"gateway": {"enabled": True, **given}})
        assert of_kind(rendered, "VirtualService")["bookinfo"]["spec"].get("exportTo") == expected


def test_services_carry_the_annotations_that_are_asked_for(bookinfo):
    services = of_kind(bookinfo.render({"serviceAnnotations": {"service.example/a": "1"}}), "Service")
    assert services["reviews"]["metadata"]["annotations"] == {"service.example/a": "1"}
    assert all("annotations" in service["metadata"] for service in services.values())


@pytest.mark.parametrize("version", ["v2", "v2-mysql"])
def test_ratings_v2_signs_in_with_the_accounts_of_the_secret(bookinfo, version):
    rendered = bookinfo.render(EVERYTHING)
    told = environment(rendered, f"ratings-{version}")
    assert told["SERVICE_VERSION"] == version
    assert told["DB_TYPE"] == "mysql"
    assert (told["MYSQL_DB_HOST"], told["MYSQL_DB_PORT"]) == ("mysqldb", "3306")
    for variable, key in {"MYSQL_DB_USER": "username", "MYSQL_DB_PASSWORD": "password"}.items():
        assert told[variable] == {"secretKeyRef": {"name": "mysql-credentials", "key": key}}
    assert of_kind(rendered, "Secret")["mysql-credentials"]["stringData"] == {
        "rootpasswd": "password",
        "username": "ratings",
        "password": "ratings",
    }


def test_a_changed_account_replaces_the_pods_that_know_it(bookinfo):
    def annotations(password):
        rendered = bookinfo.render({**EVERYTHING, "database": {**ON, "password": password}})
        return [pod(rendered, name)["metadata"]["annotations"] for name in ("ratings-v2", "mysqldb-v1")]

    assert annotations("a") == annotations("a")
    assert all(a != b for a, b in zip(annotations("a"), annotations("b"), strict=True))


def test_a_secret_and_a_volume_of_ones_own(bookinfo):
    database = {**ON, "existingSecret": "mine", "existingClaim": "kept"}
    rendered = bookinfo.render({**EVERYTHING, "database": database})
    assert not of_kind(rendered, "Secret")
    assert environment(rendered, "mysqldb-v1")["MYSQL_ROOT_PASSWORD"]["secretKeyRef"]["name"] == "mine"
    volumes = {volume["name"]: volume for volume in pod(rendered, "mysqldb-v1")["spec"]["volumes"]}
    assert volumes["data"]["persistentVolumeClaim"] == {"claimName": "kept"}
    (container,) = pod(rendered, "mysqldb-v1")["spec"]["containers"]
    (data,) = [mount for mount in container["volumeMounts"] if mount["name"] == "data"]
    assert data["subPath"] == "bookinfo-mysqldb"


def test_a_database_of_ones_own(bookinfo):
    env = {"MYSQL_DB_HOST": "db.example", "MYSQL_DB_USER": "me", "MYSQL_DB_PASSWORD": "mine"}
    rendered = bookinfo.render({"services": {"ratings": {"versions": {"v2": {**ON, "env": env}}}}})
    told = environment(rendered, "ratings-v2")
    assert {name: told[name] for name in env} == env
    assert "mysqldb-v1" not in of_kind(rendered, "Deployment")


def test_a_database_of_ones_own_with_its_accounts_in_a_secret(bookinfo):
    ratings = {"versions": {"v2": {**ON, "env": {"MYSQL_DB_HOST": "db.example"}}}}
    rendered = bookinfo.render({"services": {"ratings": ratings}, "database": {"existingSecret": "mine"}})
    told = environment(rendered, "ratings-v2")
    assert told["MYSQL_DB_PASSWORD"] == {"secretKeyRef": {"name": "mine", "key": "password"}}


def test_the_seed_is_a_hook_whose_sidecar_ends_with_it(bookinfo):
    rendered = bookinfo.render(EVERYTHING)
    job = of_kind(rendered, "Job")["mysqldb-seed"]
    assert job["metadata"]["annotations"] == {
        "helm.sh/hook": "post-install,post-upgrade",
        "helm.sh/hook-delete-policy": "before-hook-creation",
    }
    # What a new database begins with is what the Job brings.
    mounted = {volume["name"]: volume for volume in pod(rendered, "mysqldb-v1")["spec"]["volumes"]}
    assert mounted["seed"] in job["spec"]["template"]["spec"]["volumes"]


def test_the_databases_port_is_plain_tcp(bookinfo):
    assert of_kind(bookinfo.render(EVERYTHING), "Service")["mysqldb"]["spec"]["ports"] == [
        {"name": "tcp-mysql", "port": 3306, "targetPort": "tcp-mysql"}
    ]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (
            {"services": {"ratings": {"versions": {"v2": ON}}}},
            "services.ratings.versions.v2 needs a database: set database.enabled=true",
        ),
        (
            {"services": {"ratings": {"versions": {"v2-mysql": ON}}}, "database": {"existingSecret": "mine"}},
            "services.ratings.versions.v2-mysql has an account on a database of yours, but asks mysqldb",
        ),
        (
            {"services": {"ratings": {"versions": {"v2": {**ON, "env": {"MYSQL_DB_PASSWORD": "mine"}}}}}},
            "services.ratings.versions.v2 needs a database",
        ),
        ({"services": {"reviews": {"versions": {"Beta": ON}}}}, "Beta"),
        (
            {"services": {"reviews": {"versions": {"v1": {"replicas": "many"}}}}},
            "/services/reviews/versions/v1",
        ),
        ({"services": {"basket": {"versions": {}}}}, "basket"),
        ({"drainSeconds": -1}, "/drainSeconds"),
        ({"database": {"user": "root"}}, "/database/user"),
        ({"database": {"rootPassword": ""}}, "/database/rootPassword"),
        ({"images": {"ratings": ""}}, "/images/ratings"),
    ],
)
def test_values_that_cannot_be_are_refused_by_name(bookinfo, values, why):
    assert why in bookinfo.refusal(values)


@pytest.fixture(scope="module")
def notes(bookinfo, demo):
    """What Helm tells the reader who installs the chart; nothing is installed."""

    def told(values):
        what = ["bookinfo", bookinfo.folder, "--namespace", "shop", "--values", "-"]
        done = subprocess.run(
            [bookinfo.helm, "install", *what, "--dry-run=server", "--kubeconfig", demo.cluster.kubeconfig],
            input=yaml.safe_dump(values),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.partition("\nNOTES:\n")[2]

    return told


def test_the_notes_say_how_to_look_at_what_runs(notes):
    told = notes({})
    assert "kubectl --namespace shop exec deploy/ratings-v1 --container ratings -- \\\n" in told
    assert "kubectl --namespace shop port-forward service/productpage 9080\n" in told
    assert "kubectl --namespace shop logs deploy/productpage-v1 " in told
    assert "mysqldb" not in told


def test_the_notes_of_everything_name_gateway_and_seed(notes):
    told = notes({**EVERYTHING, "gateway": {**ON, "hosts": ["shop.example"]}})
    assert "/productpage    (host shop.example)\n" in told
    assert "port-forward" not in told
    assert "logs job/mysqldb-seed           whether the rows arrived (for an hour after it ended)\n" in told


def test_the_notes_name_versions_that_run_only(notes):
    off = {"v1": {"enabled": False}}
    told = notes(
        {
            "services": {
                "productpage": {"versions": {**off, "v2": {"replicas": 1}}},
                "ratings": {"versions": {**off, "v-faulty": ON}},
            }
        }
    )
    assert "logs deploy/productpage-v2 " in told
    assert "exec deploy/ratings-v-faulty " in told
    assert "productpage-v1" not in told
