"""What each component is told: command lines and configuration files, as pure functions of the cluster's settings."""

import json

from tally_cluster.settings import Cluster

PAUSE_IMAGE = "tally.local/pause:1"


def etcd(cluster: Cluster) -> list[str]:
    """A single member on the loopback; no fsync, since losing a test cluster to a power cut costs nothing."""
    client, peer = (f"http://127.0.0.1:{port}" for port in (cluster.etcd_port, cluster.etcd_peer_port))
    return [
        "--name=default",
        f"--data-dir={cluster.folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def apiserver(cluster: Cluster) -> list[str]:
    """The API server, with RBAC, node authorization and an audit log of what service accounts ask."""
    certificates = cluster.certificates
    flags = {
        "etcd-servers": f"http://127.0.0.1:{cluster.etcd_port}",
        "bind-address": cluster.address,
        "secure-port": cluster.apiserver_port,
        "advertise-address": cluster.address,
        "tls-cert-file": certificates / "kube-apiserver.crt",
        "tls-private-key-file": certificates / "kube-apiserver.key",
        "client-ca-file": certificates / "ca.crt",
        "kubelet-client-certificate": certificates / "apiserver-kubelet-client.crt",
        "kubelet-client-key": certificates / "apiserver-kubelet-client.key",
        "kubelet-certificate-authority": certificates / "ca.crt",
        # `kubectl logs` would otherwise look the node's name up in DNS.
        "kubelet-preferred-address-types": "InternalIP",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": certificates / "service-accounts.key",
        "service-account-signing-key-file": certificates / "service-accounts.key",
        "service-cluster-ip-range": f"{cluster.service_network}.0/24",
        "authorization-mode": "Node,RBAC",
        "allow-privileged": "true",
        "audit-policy-file": cluster.folder / "audit-policy.json",
        "audit-log-path": cluster.audit_log,
        "shutdown-delay-duration": "0s",
        # Without it the server waits a minute for its watchers to go.
        "shutdown-watch-termination-grace-period": "1s",
    }
    if cluster.control_plane:
        # No pod needs the `kubernetes` service, and its endpoint must not be a loopback address.
        flags["endpoint-reconciler-type"] = "none"
    return [f"--{name}={value}" for name, value in flags.items()]


def audit_policy() -> dict[str, object]:
    """One line a request for service accounts outside kube-system: what the operator asks can be counted."""
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]},
            {"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
            {"level": "None"},
        ],
    }


def controller_manager(cluster: Cluster) -> list[str]:
    """All controllers, each under its own service account."""
    certificates = cluster.certificates
    return [
        f"--kubeconfig={certificates / 'kube-controller-manager.kubeconfig'}",
        f"--secure-port={cluster.controller_manager_port}",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={certificates / 'service-accounts.key'}",
        f"--root-ca-file={certificates / 'ca.crt'}",
    ]


def scheduler(cluster: Cluster) -> list[str]:
    """The default scheduler."""
    return [
        f"--kubeconfig={cluster.certificates / 'kube-scheduler.kubeconfig'}",
        f"--secure-port={cluster.scheduler_port}",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
    ]


def kubelet(cluster: Cluster) -> list[str]:
    """The kubelet's few flags; the rest is in its configuration file."""
    return [
        f"--config={cluster.folder / 'kubelet.json'}",
        f"--kubeconfig={cluster.certificates / 'kubelet.kubeconfig'}",
        f"--root-dir={cluster.folder / 'kubelet'}",
        f"--cert-dir={cluster.folder / 'kubelet' / 'pki'}",
        f"--hostname-override={cluster.node}",
        f"--node-ip={cluster.address}",
    ]


def kubelet_configuration(cluster: Cluster) -> dict[str, object]:
    """A kubelet that runs without the right to manage the machine: no cgroup hierarchy, no swap rule, no eviction."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": cluster.address,
        "port": cluster.kubelet_port,
        "healthzBindAddress": "127.0.0.1",
        "healthzPort": cluster.kubelet_health_port,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(cluster.certificates / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(cluster.certificates / "kubelet-serving.crt"),
        "tlsPrivateKeyFile": str(cluster.certificates / "kubelet-serving.key"),
        "containerRuntimeEndpoint": f"unix://{cluster.containerd_socket}",
        "podLogsDir": str(cluster.folder / "pod-logs"),
        "volumePluginDir": str(cluster.folder / "kubelet" / "plugins-exec"),
        "clusterDNS": [f"{cluster.service_network}.10"],
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": False,
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "localStorageCapacityIsolation": False,
        "makeIPTablesUtilChains": False,
        "oomScoreAdj": 0,
        "evictionHard": {"memory.available": "0%", "nodefs.available": "0%", "imagefs.available": "0%"},
        "imageGCHighThresholdPercent": 100,
        "serializeImagePulls": False,
    }


def containerd_arguments(cluster: Cluster) -> list[str]:
    """containerd takes everything from its configuration file."""
    return ["--config", str(cluster.folder / "containerd.toml")]


def containerd(cluster: Cluster) -> str:
    """containerd's configuration: its own root, state and socket, and what runc can do with few capabilities."""
    folder = cluster.folder
    return f"""version = 2
root = {json.dumps(str(folder / "containerd"))}
state = {json.dumps(str(folder / "run"))}

[grpc]
  address = {json.dumps(str(cluster.containerd_socket))}

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  disable_apparmor = true
  netns_mounts_under_state_dir = true
  # Without CAP_SYS_RESOURCE a sandbox cannot lower its OOM score, and runc fails without saying so.
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = {json.dumps(str(folder / "runc"))}
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = {json.dumps(str(folder / "cni"))}
"""


def cni(cluster: Cluster) -> dict[str, object]:
    """Pods hang on the cluster's own bridge; their addresses are leased from files in the cluster's folder."""
    return {
        "cniVersion": "1.0.0",
        "name": cluster.bridge,
        "plugins": [
            {
                "type": "bridge",
                "bridge": cluster.bridge,
                # The bridge has its address from us: as a gateway the plugin would switch the machine's forwarding on.
                "isGateway": False,
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "dataDir": str(cluster.folder / "cni-leases"),
                    "ranges": [[{"subnet": f"{cluster.network}.0/24"}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            }
        ],
    }


def write_all(cluster: Cluster) -> None:
    """Writes every file that the command lines point to."""
    files: dict[str, object] = {"audit-policy.json": audit_policy()}
    if not cluster.control_plane:
        files |= {"kubelet.json": kubelet_configuration(cluster), "cni/10-bridge.conflist": cni(cluster)}
        (cluster.folder / "containerd.toml").write_text(containerd(cluster))
    for name, content in files.items():
        path = cluster.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=2))
