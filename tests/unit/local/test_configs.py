"""What the components are told: nothing listens beyond the machine, nothing lies outside the cluster's folder."""

import json
import tomllib
from collections.abc import Callable

import pytest
from tally_cluster import configs, lifecycle
from tally_cluster.settings import Cluster

NODE = Cluster()
PLANE = Cluster(control_plane=True)


def flags(words: list[str]) -> dict[str, str]:
    return {name: value for name, _, value in (word.removeprefix("--").partition("=") for word in words)}


@pytest.mark.parametrize("arguments", [configs.etcd, configs.apiserver, configs.controller_manager, configs.scheduler])
@pytest.mark.parametrize("cluster", [NODE, PLANE])
def test_addresses_are_the_loopback_or_the_bridge(arguments: Callable[[Cluster], list[str]], cluster: Cluster) -> None:
    told = flags(arguments(cluster))
    listening = [value for name, value in told.items() if name == "bind-address" or name.startswith("listen-")]
    assert listening
    assert all("127.0.0.1" in value or value == cluster.address for value in listening)


def test_the_kubelet_listens_on_the_bridge_and_its_health_on_the_loopback() -> None:
    told = configs.kubelet_configuration(NODE)
    assert (told["address"], told["healthzBindAddress"]) == (NODE.address, "127.0.0.1")


@pytest.mark.parametrize("flag", ["root-dir", "cert-dir", "config", "kubeconfig"])
def test_the_kubelets_files_lie_in_the_clusters_folder(flag: str) -> None:
    assert flags(configs.kubelet(NODE))[flag].startswith(f"{NODE.folder}/")


def test_containerd_has_its_own_root_state_socket_and_network_namespaces() -> None:
    told = tomllib.loads(configs.containerd(NODE))
    cri = told["plugins"]["io.containerd.grpc.v1.cri"]
    runc = cri["containerd"]["runtimes"]["runc"]["options"]
    paths = [told["root"], told["state"], told["grpc"]["address"], cri["cni"]["conf_dir"], runc["Root"]]
    assert all(path.startswith(f"{NODE.folder}/") for path in paths)
    assert cri["netns_mounts_under_state_dir"] is True
    assert cri["sandbox_image"] == configs.PAUSE_IMAGE
    assert configs.kubelet_configuration(NODE)["containerRuntimeEndpoint"] == f"unix://{told['grpc']['address']}"


def test_pods_hang_on_the_clusters_bridge_and_the_machine_forwards_nothing() -> None:
    told = json.loads(json.dumps(configs.cni(NODE)))
    (bridge,) = told["plugins"]
    assert (bridge["bridge"], bridge["isGateway"], bridge["ipMasq"]) == (NODE.bridge, False, False)
    assert bridge["ipam"]["ranges"] == [[{"subnet": f"{NODE.network}.0/24"}]]


def test_only_a_control_plane_does_without_the_kubernetes_service() -> None:
    assert flags(configs.apiserver(PLANE))["endpoint-reconciler-type"] == "none"
    assert "endpoint-reconciler-type" not in flags(configs.apiserver(NODE))


def test_the_audit_log_holds_service_accounts_but_not_the_systems_own() -> None:
    rules = configs.audit_policy()["rules"]
    assert rules == [
        {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]},
        {"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
        {"level": "None"},
    ]


def test_a_control_plane_has_no_node() -> None:
    plane = [component.name for component in lifecycle.components(PLANE)]
    assert plane == ["etcd", "kube-apiserver", "kube-controller-manager"]
    assert [component.name for component in lifecycle.components(NODE)][-1] == "kubelet"
