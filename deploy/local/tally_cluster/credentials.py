"""The cluster's certificate authority and what it signs: each component gets a name of its own, as everywhere."""

import json
from pathlib import Path

from tally_cluster.progress import run
from tally_cluster.settings import Cluster

DAYS = "3650"
CLIENTS = {
    "admin": ("tally-admin", "system:masters"),
    "kube-controller-manager": ("system:kube-controller-manager", None),
    "kube-scheduler": ("system:kube-scheduler", None),
    "apiserver-kubelet-client": ("kube-apiserver-kubelet-client", "system:masters"),
}


def ensure(cluster: Cluster) -> None:
    """Makes what is missing; what exists is kept, since tokens and kubeconfigs in use were signed with it."""
    folder, log = cluster.certificates, cluster.logs / "certificates.log"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    # The system's own openssl.cnf adds extensions that differ between machines.
    (folder / "openssl.cnf").write_text("[req]\ndistinguished_name=name\n[name]\n")
    if not (folder / "ca.crt").exists():
        subject = f"/CN=tally-local-{cluster.name}"
        run(["openssl", "req", "-x509", *_new_key(folder / "ca"), "-days", DAYS, "-subj", subject,
             "-addext", "basicConstraints=critical,CA:TRUE",
             "-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature"], log)  # fmt: skip
    if not (folder / "service-accounts.key").exists():
        run(["openssl", "genrsa", "-out", folder / "service-accounts.key", "2048"], log)
    addresses = (cluster.address, "127.0.0.1", f"{cluster.service_network}.1")
    names = ("localhost", "kubernetes.default.svc")
    serving = ",".join([*(f"IP:{address}" for address in addresses), *(f"DNS:{name}" for name in names)])
    _sign(cluster, "kube-apiserver", "kube-apiserver", None, serving)
    _sign(cluster, "kubelet-serving", cluster.node, None, f"IP:{cluster.address},DNS:{cluster.node}")
    _sign(cluster, "kubelet", f"system:node:{cluster.node}", "system:nodes", None)
    for name, (user, group) in CLIENTS.items():
        _sign(cluster, name, user, group, None)
    for name in ("kube-controller-manager", "kube-scheduler", "kubelet"):
        write_kubeconfig(cluster, name, folder / f"{name}.kubeconfig")
    write_kubeconfig(cluster, "admin", cluster.kubeconfig)


def write_kubeconfig(cluster: Cluster, client: str, path: Path) -> None:
    """Writes a kubeconfig (JSON is YAML) with absolute paths to the client's certificate, for its owner alone."""
    path.touch(mode=0o600)
    path.write_text(json.dumps(kubeconfig(cluster, client), indent=2))


def kubeconfig(cluster: Cluster, client: str) -> dict[str, object]:
    """The content of a client's kubeconfig."""
    folder, name = cluster.certificates, f"tally-local-{cluster.name}"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": client}}],
        "clusters": [
            {"name": name, "cluster": {"server": cluster.server, "certificate-authority": str(folder / "ca.crt")}}
        ],
        "users": [
            {
                "name": client,
                "user": {
                    "client-certificate": str(folder / f"{client}.crt"),
                    "client-key": str(folder / f"{client}.key"),
                },
            }
        ],
    }


def _sign(cluster: Cluster, name: str, user: str, group: str | None, addresses: str | None) -> None:
    target, authority = cluster.certificates / name, cluster.certificates / "ca"
    if target.with_suffix(".crt").exists():
        return
    subject = (f"/O={group}" if group else "") + f"/CN={user}"
    usage = "serverAuth" if addresses else "clientAuth"
    extensions = [f"extendedKeyUsage={usage}", "basicConstraints=CA:FALSE"]
    extensions += [f"subjectAltName={addresses}"] if addresses else []
    run(["openssl", "req", "-x509", *_new_key(target), "-days", DAYS, "-subj", subject,
         "-CA", authority.with_suffix(".crt"), "-CAkey", authority.with_suffix(".key"),
         *(word for extension in extensions for word in ("-addext", extension))],
        cluster.logs / "certificates.log")  # fmt: skip


def _new_key(target: Path) -> list[str]:
    words = f"-config {target.parent / 'openssl.cnf'} -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc"
    return [*words.split(), "-keyout", f"{target}.key", "-out", f"{target}.crt"]
