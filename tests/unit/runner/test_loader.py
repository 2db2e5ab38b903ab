"""Which files are jobs, and what is said about one that is none: the file, the rule, and what to write instead."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tally import Container, loader
from tally.errors import LoadError

CONFIG = 'from tally import JobConfig\nconfig = JobConfig(name="sync-products", schedule="*/5 * * * *")\n'
RUN = "async def run(container): return 1\n"
GOOD = CONFIG + RUN


@pytest.fixture(autouse=True)
def _forget_the_jobs_of_a_test() -> Iterator[None]:
    """Leave the package `jobs` as it was: it names another folder in each test."""
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "jobs"}
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "jobs"]:
        del sys.modules[name]
    sys.modules.update(before)


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def refused(folder: Path, name: str = "sync-products") -> str:
    with pytest.raises(LoadError) as caught:
        loader.load(folder, name)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RUN, '{path} has no config. Write: config = JobConfig(name="sync-products", schedule="*/5 * * * *")'),
        (
            'config = {"name": "sync-products"}\n' + RUN,
            "{path}: config is no JobConfig but of type dict. Write: config = JobConfig(",
        ),
        (
            'from tally import JobConfig\nconfig = JobConfig(schedule="* * * * *")\n' + RUN,
            '{path}, line 2: The job has no name. Write JobConfig(name="sync-products", ...).',
        ),
        (
            'from tally import JobConfig\n\nconfig = JobConfig(name="sync-products")\n' + RUN,
            '{path}, line 3: The job has no schedule. Write JobConfig(schedule="*/5 * * * *", ...): ',
        ),
        (CONFIG.replace("*/5 * * * *", "*/5 * *") + RUN, "{path}, line 2: The schedule '*/5 * *' cannot be: "),
        (
            CONFIG.replace('")', '", number_of_executions=0)') + RUN,
            "{path}, line 2: number_of_executions is 0. Write a whole number, 1 or more, or leave it out.",
        ),
        (CONFIG, "{path} has no run. Write: async def run(container): ..."),
        (CONFIG + "run = 3\n", "{path}: run is no function but of type int. Write: async def run(container): ..."),
        (CONFIG + "async def run(container): yield 1\n", "{path}: run contains a yield, so calling it runs nothing."),
        (CONFIG + "def run(container): yield 1\n", "{path}: run contains a yield, so calling it runs nothing."),
        (
            CONFIG.replace("sync-products", "sync-orders") + RUN,
            "{path} says name='sync-orders', but its file means 'sync-products'. "
            'Write name="sync-products", or rename the file to sync_orders.py.',
        ),
        ("import no_such_module\n", "{path}, line 1: the import failed: ModuleNotFoundError: No module named "),
        ("\n\n1 / 0\n", "{path}, line 3: the import failed: ZeroDivisionError: division by zero"),
        ("x = 1\ndef f(:\n", "{path}, line 2: the import failed: SyntaxError: "),
        ("import sys\nsys.exit('enough')\n", "{path}, line 2: the import failed: SystemExit: enough"),
        ("x = '\0'", "{path}"),
    ],
    ids=[
        "no config", "foreign config", "no name", "no schedule", "bad schedule", "limit below 1", "no run",
        "run is no function", "async generator", "generator", "another name", "missing module", "failing import",
        "syntax error", "exit", "null byte",
    ],
)  # fmt: skip
def test_each_broken_rule_has_its_own_message(tmp_path: Path, text: str, message: str) -> None:
    written(tmp_path, sync_products=text)
    assert refused(tmp_path).startswith(message.format(path=tmp_path / "sync_products.py"))


@pytest.mark.parametrize(
    ("signature", "takes_execution"),
    [
        ("async def run(container)", False),
        ("async def run(container, execution)", True),
        ("async def run(container, run_info)", True),
        ("async def run(container, execution=None)", True),
        ("async def run(container, batch=100)", False),
        ("async def run(container, *, batch=100)", False),
        ("async def run(container, /, execution)", True),
        ("async def run(*args)", False),
        ("async def run(container, **kwargs)", False),
        ("def run(container)", False),
        ("def run(container, execution)", True),
        ("async def run()", None),
        ("async def run(container, execution, more)", None),
        ("async def run(container, *, execution)", None),
        ("async def run(*, container)", None),
        ("async def run(**kwargs)", None),
    ],
)
def test_how_run_may_be_called(tmp_path: Path, signature: str, takes_execution: bool | None) -> None:
    written(tmp_path, sync_products=f"{CONFIG}{signature}: ...\n")
    if takes_execution is None:
        assert refused(tmp_path) == (
            f"{tmp_path / 'sync_products.py'}: run cannot be called with the container. "
            "Write: async def run(container):, or run(container, execution)."
        )
    else:
        assert loader.load(tmp_path, "sync-products").takes_execution is takes_execution


def test_a_callable_that_does_not_tell_its_parameters_is_refused(tmp_path: Path) -> None:
    written(tmp_path, sync_products=CONFIG + "run = type\n")
    assert "run cannot be called with the container" in refused(tmp_path)


def test_a_good_job_has_all_that_a_run_needs(tmp_path: Path) -> None:
    written(tmp_path, sync_products='"""Sync them.\n\nAll of them."""\n' + GOOD)
    job = loader.load(tmp_path, "sync-products")
    assert (job.name, job.summary, job.path) == ("sync-products", "Sync them.", tmp_path / "sync_products.py")


def test_two_jobs_with_one_name(tmp_path: Path) -> None:
    written(tmp_path, sync_products=GOOD, sync_copy=GOOD)
    jobs, errors = loader.load_all(tmp_path)
    assert [job.name for job in jobs] == ["sync-products"]
    assert [str(error) for error in errors] == [
        f"Two jobs have the name 'sync-products': {tmp_path / 'sync_copy.py'} says it, "
        f"and {tmp_path / 'sync_products.py'} "
        'holds it. Write name="sync-copy" in sync_copy.py.'
    ]


def test_all_that_is_wrong_is_said_at_once_and_the_rest_is_loaded(tmp_path: Path) -> None:
    written(tmp_path, a="", b="1 / 0", sync_products=GOOD)
    jobs, errors = loader.load_all(tmp_path)
    assert [job.name for job in jobs] == ["sync-products"]
    assert [str(error).split(",")[0].split(" has")[0] for error in errors] == [
        str(tmp_path / "a.py"),
        str(tmp_path / "b.py"),
    ]


def test_a_broken_neighbour_does_not_stop_a_job(tmp_path: Path) -> None:
    written(tmp_path, sync_products=GOOD, broken="1 / 0")
    assert loader.load(tmp_path, "sync-products").name == "sync-products"


def test_which_files_are_jobs(tmp_path: Path) -> None:
    for name in ("sync_products.py", "_shop.py", "__init__.py", "test_sync.py", "notes.txt", ".#sync_products.py"):
        (tmp_path / name).touch()
    (tmp_path / "folder.py").mkdir()
    assert loader.names(tmp_path) == ["sync-products"]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("sync-products.py", "{path} must be sync_products.py: a '-' in a name is a '_' in its file, and two files"),
        ("SyncProducts.py", "{path} cannot hold a job, as the file gives it its name. The name 'SyncProducts' cannot"),
        ("sync_.py", "{path} cannot hold a job, as the file gives it its name. The name 'sync-' cannot name"),
        (f"{'x' * 53}.py", "{path} cannot hold a job, as the file gives it its name. The name 'xxx"),
    ],
)
def test_a_file_whose_name_can_be_no_jobs(tmp_path: Path, file: str, message: str) -> None:
    (tmp_path / file).write_text(GOOD, encoding="utf-8")
    _, [error] = loader.load_all(tmp_path)
    assert str(error).startswith(message.format(path=tmp_path / file))


def test_a_dash_in_the_file_is_told_when_the_job_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "sync-products.py").write_text(GOOD, encoding="utf-8")
    assert refused(tmp_path).startswith(f"{tmp_path / 'sync-products.py'} must be sync_products.py: ")
    written(tmp_path, sync_products=GOOD)
    assert loader.load(tmp_path, "sync-products").path == tmp_path / "sync_products.py"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sync-orders", "There is no job 'sync-orders': no file {folder}/sync_orders.py. Known jobs: sync-products."),
        (
            "test-sync",
            "No job can be named 'test-sync': test_sync.py is a test's file. Write another name, such as try-",
        ),
        ("../../etc/passwd", "The name '../../etc/passwd' cannot name a CronJob."),
        (
            "sync_products",
            "The name 'sync_products' cannot name a CronJob. Use a-z, 0-9 and '-' only, with a letter or ",
        ),
        ("_services", "The name '_services' cannot name a CronJob."),
    ],
)
def test_an_unknown_job_lists_the_known_ones(tmp_path: Path, name: str, message: str) -> None:
    written(tmp_path, sync_products=GOOD, test_sync="", _services="1 / 0")
    assert refused(tmp_path, name).startswith(message.format(folder=tmp_path))


def test_a_missing_folder_says_how_to_name_one(tmp_path: Path) -> None:
    folder = tmp_path / "jobs"
    message = f"There is no jobs folder {folder}. Name it by --jobs FOLDER or the variable TALLY_JOBS."
    assert refused(folder) == message
    with pytest.raises(LoadError, match="There is no jobs folder"):
        loader.load_all(folder)


def test_an_empty_folder_has_no_job(tmp_path: Path) -> None:
    assert refused(tmp_path).endswith("Known jobs: none.")
    assert loader.load_all(tmp_path) == ([], [])


def test_jobs_share_helpers_wherever_the_folder_lies(tmp_path: Path) -> None:
    imports = "from jobs._shop import PRICE\nfrom ._shop import PRICE as same\n"
    written(tmp_path, _shop="PRICE = 2", sync_products=imports + GOOD)
    assert loader.load(tmp_path, "sync-products").name == "sync-products"


def test_a_second_folder_does_not_see_the_first_ones_modules(tmp_path: Path) -> None:
    for folder, price in (("one", 1), ("two", 2)):
        (tmp_path / folder).mkdir()
        written(tmp_path / folder, _shop=f"PRICE = {price}", sync_products=CONFIG + "from ._shop import PRICE\n" + RUN)
        loader.load(tmp_path / folder, "sync-products")
        assert price == sys.modules["jobs._shop"].PRICE


def test_a_mistake_in_a_helper_is_told_with_the_line_that_imports_it(tmp_path: Path) -> None:
    written(tmp_path, _shop="1 / 0", sync_products="import tally\nfrom . import _shop\n" + GOOD)
    assert refused(tmp_path).startswith(
        f"{tmp_path / 'sync_products.py'}, line 2: the import failed: ZeroDivisionError"
    )


def test_lines_are_found_in_a_mounted_config_map_too(tmp_path: Path) -> None:
    data = tmp_path / "..data"
    data.mkdir()
    written(data, sync_products="\n1 / 0\n")
    (tmp_path / "sync_products.py").symlink_to(data / "sync_products.py")
    assert refused(tmp_path).startswith(f"{tmp_path / 'sync_products.py'}, line 2: ")


def test_a_relative_folder_means_the_present_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, sync_products="\n1 / 0\n")
    monkeypatch.chdir(tmp_path)
    assert refused(Path()).startswith("sync_products.py, line 2: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "{path} has no register. Write: def register(container): ..."),
        ("register = 1", "{path} has no register. Write: def register(container): ..."),
        ("def register(container):\n    1 / 0", "{path}, line 2: register failed: ZeroDivisionError: division by zero"),
        (
            "def register(container):\n    container.register('logger', list)",
            "{path}, line 2: register failed: ServiceError: ",
        ),
        ("import nowhere_to_be_found", "{path}, line 1: the import failed: ModuleNotFoundError: "),
    ],
    ids=["empty", "no function", "raises", "a taken name", "failing import"],
)
def test_what_is_wrong_with_services(tmp_path: Path, text: str, message: str) -> None:
    written(tmp_path, _services=text)
    with pytest.raises(LoadError) as caught:
        loader.register_services(tmp_path, Container())
    assert str(caught.value).startswith(message.format(path=tmp_path / "_services.py"))


def test_services_are_registered_where_there_are_any(tmp_path: Path) -> None:
    container = Container()
    loader.register_services(tmp_path, container)
    written(tmp_path, _services="def register(container):\n    container.register('shop', lambda: 'open')")
    loader.register_services(tmp_path, container)
    assert container.resolve("shop") == "open"
