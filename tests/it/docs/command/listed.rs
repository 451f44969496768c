//! The blocks of commands that the tests don't run.

const ROOT_AND_SYSTEMD: &str = "needs root and systemd";
const ENGINE: &str = "needs a container engine";
const CLUSTER: &str =
    "needs a cluster; tests/run --kubernetes takes the installations of these pages through Helm";
const PACKAGES: &str = "needs a package or a release; tests/run --packages installs, sets up and removes one in a Debian of its own";
const LONG: &str = "measures for minutes, on a quiet machine";

/// Page, how the first line begins, and why. One that is not in the documents any more fails.
pub(super) const NOT_RUN: &[(&str, &str, &str)] = &[
    ("README.md", "kubectl create secret", CLUSTER),
    ("docs/setup.md", "install -m 0755", ROOT_AND_SYSTEMD),
    ("docs/setup.md", "docker build", ENGINE),
    ("docs/setup.md", "kubectl create secret", CLUSTER),
    ("docs/kubernetes.md", "kubectl create namespace", CLUSTER),
    (
        "docs/kubernetes.md",
        "kubectl --namespace wolkvox create secret generic wolkvox-tokens",
        CLUSTER,
    ),
    (
        "docs/kubernetes.md",
        "kubectl --namespace wolkvox create secret generic wolkvox-postgresql",
        CLUSTER,
    ),
    ("docs/kubernetes.md", "kubectl apply -k", CLUSTER),
    (
        "deploy/helm/wolkvox-exporter/README.md",
        "kubectl create secret",
        CLUSTER,
    ),
    (
        "docs/operating.md",
        "prometheus --enable-feature",
        "needs a newer Prometheus than Debian's; tests/run --current-prometheus runs one with these features",
    ),
    ("docs/operating.md", "sudo systemd-run", ROOT_AND_SYSTEMD),
    ("docs/install.md", "sudo apt install", PACKAGES),
    ("docs/install.md", "sudo tee", PACKAGES),
    ("docs/install.md", "sudo systemctl enable", PACKAGES),
    (
        "docs/install.md",
        "curl -s http://127.0.0.1:10555/metrics | grep",
        PACKAGES,
    ),
    ("docs/install.md", "systemd-run --user", PACKAGES),
    ("docs/install.md", "sudo dnf install", PACKAGES),
    ("docs/install.md", "docker run", ENGINE),
    ("docs/install.md", "tar -xzf", PACKAGES),
    ("docs/install.md", "install -m 0755", PACKAGES),
    ("docs/install.md", "cosign verify-blob", PACKAGES),
    (
        "docs/install.md",
        "grep -rl OWNER",
        "changes the address of the project, once",
    ),
    ("docs/performance.md", "benches/run", LONG),
    ("docs/scale.md", "benches/run fleet", LONG),
    (
        "docs/replicas.md",
        "WOLKVOX_OPERATIONS_FILE=",
        "a list of variables, and no command",
    ),
    (
        "docs/web-config.md",
        "curl --cacert ca.pem",
        "needs certificates; tests/it/binary/web.rs runs curl with such ones",
    ),
    ("dashboards/README.md", "for board in", "needs a Grafana"),
    ("dashboards/README.md", "kubectl create configmap", CLUSTER),
    ("alerts/README.md", "{ printf", CLUSTER),
];
