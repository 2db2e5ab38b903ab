"""Names, ports and addresses of clusters: two never meet, and bad values say what to write."""

from pathlib import Path

import pytest
from tally_cluster import lifecycle, settings
from tally_cluster.progress import StepError
from tally_cluster.settings import Cluster


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TALLY_LOCAL_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("port_base", [0, 1020, 26405, 65010])
def test_a_port_base_that_does_not_fit_is_refused_with_an_example(port_base: int) -> None:
    with pytest.raises(ValueError, match="write a multiple of ten"):
        Cluster(port_base=port_base)


@pytest.mark.parametrize("name", ["", "a-b", "../x", "a b"])
def test_a_name_that_is_no_word_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="letters and digits only"):
        Cluster(name=name)


def test_two_clusters_share_no_port_folder_network_or_device() -> None:
    first, second = Cluster(), Cluster("second", settings.DEFAULT_PORT_BASE + settings.PORTS_PER_CLUSTER)
    names = [name for name in vars(Cluster) if isinstance(getattr(Cluster, name), property)]
    same = [name for name in names if getattr(first, name) == getattr(second, name)]
    assert same == []


def test_the_ports_of_a_cluster_lie_in_its_ten() -> None:
    cluster = Cluster()
    ports = [getattr(cluster, name) for name in vars(Cluster) if name.endswith("_port")]
    assert len(set(ports)) == len(ports)
    assert all(0 <= port - cluster.port_base < settings.PORTS_PER_CLUSTER for port in ports)


def test_the_kernel_takes_the_longest_bridge_name() -> None:
    assert len(Cluster(port_base=65000).bridge) <= 15


def test_a_control_plane_listens_on_the_loopback_and_a_node_where_its_pods_reach_it() -> None:
    assert Cluster(control_plane=True).address == "127.0.0.1"
    assert Cluster().address == f"{Cluster().network}.1"


def test_a_saved_cluster_is_found_again() -> None:
    cluster = Cluster("second", 26500, control_plane=True)
    assert settings.load("second") is None
    cluster.save()
    assert settings.load("second") == cluster
    assert settings.known() == [cluster]


def test_a_free_port_base_avoids_every_known_network() -> None:
    assert settings.free_port_base([]) == settings.DEFAULT_PORT_BASE
    assert settings.free_port_base([Cluster(), Cluster("b", 26410)]) == 26420


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        (Cluster("tally", 26500), "cluster tally exists with --port-base 26400, as a whole node"),
        (Cluster("tally", control_plane=True), "cluster tally exists"),
        (Cluster("other"), "meets cluster tally .* write --port-base 26410"),
        (Cluster("far", settings.DEFAULT_PORT_BASE + 2560), "meets cluster tally"),
    ],
)
def test_settings_that_meet_an_existing_cluster_are_refused(cluster: Cluster, message: str) -> None:
    with pytest.raises(StepError, match=message):
        lifecycle.refuse_conflicts(cluster, [Cluster()])


def test_the_same_cluster_again_and_another_beside_it_are_welcome() -> None:
    lifecycle.refuse_conflicts(Cluster(), [Cluster()])
    lifecycle.refuse_conflicts(Cluster("second", 26410), [Cluster()])
