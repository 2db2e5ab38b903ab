"""The page of the library, from the signatures and docstrings of what a job's author imports."""

import ast
import dataclasses
import inspect
import re
import textwrap
from collections.abc import Iterator

import tally
from tally import errors
from tally.query import Query
from tally.workflows import BoundWorkflow, WorkflowError

from deploy.docs.pages import table

_HEAD = """<!-- Made of the docstrings in runner/tally by `make docs`. -->
# The library

What a job imports: `from tally import Container, JobConfig`. In the runner's image it is there; on your own machine,
`pip install` a checkout, as in [Bring your own jobs](../bring-your-own-jobs.md).
"""
_ENTRY = re.compile(r"(\w+|\w+\.\w+): (.*)", re.DOTALL)
_SECTIONS = ("Args", "Returns", "Raises")


def page() -> str:
    """Write the page."""
    parts = [
        _HEAD,
        _class("JobConfig", tally.JobConfig),
        _class("Execution", tally.Execution),
        _class("Container", tally.Container, "resolve", "register", "override"),
        _function("query.graph", Query.graph),
        _function("step", tally.step),
        _function("workflow", tally.workflow),
        _method("workflow(container).run", BoundWorkflow.run),
        _class("WorkflowResult", tally.WorkflowResult),
        _errors(),
    ]
    return "\n".join(parts)


def _class(name: str, class_: type, *methods: str) -> str:
    fields = _fields(name, class_) if dataclasses.is_dataclass(class_) else ""
    parts = [f"## {name}\n\n{fields}{_documented(class_)}"]
    parts += [_method(f"{name.lower()}.{each}", getattr(class_, each)) for each in methods]
    return "\n".join(parts)


def _fields(name: str, class_: type) -> str:
    """Write the fields of a class of data, with their types and defaults, as its author did."""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(class_))).body
    if not isinstance(node, ast.ClassDef):
        raise TypeError(f"{name} is no class.")
    lines = "".join(f"    {ast.unparse(each)}\n" for each in node.body if isinstance(each, ast.AnnAssign))
    return f"```python\nclass {name}:\n{lines}```\n\n"


def _function(name: str, function: object) -> str:
    return f"## {name}\n\n{_signature(name, function)}\n{_documented(function)}"


def _method(name: str, method: object) -> str:
    return f"### {name}\n\n{_signature(name, method)}\n{_documented(method)}"


def _signature(name: str, function: object) -> str:
    """Write a signature as its author did: what `inspect` makes of it differs between versions of Python."""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body  # type: ignore[arg-type]
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        raise TypeError(f"{name} is no function.")
    arguments = node.args
    if arguments.args and arguments.args[0].arg == "self":
        arguments.args = arguments.args[1:]
    returned = ast.unparse(node.returns) if node.returns else "None"
    wait = "await " if isinstance(node, ast.AsyncFunctionDef) else ""
    return f"```python\n{wait}{name}({ast.unparse(arguments)}) -> {returned}\n```\n"


def _documented(thing: object) -> str:
    """Write a docstring of Google's style in Markdown."""
    text, sections = _parts(inspect.getdoc(thing) or "")
    parts = [_example_fences(text)]
    for title, body in sections:
        parts.append(_section(title, body))
    return "\n".join(parts)


def _parts(docstring: str) -> tuple[str, list[tuple[str, str]]]:
    pieces = re.split(rf"^({'|'.join(_SECTIONS)}):\n", docstring, flags=re.MULTILINE)
    bodies = [textwrap.dedent(each).strip("\n") for each in pieces[2::2]]
    return pieces[0].strip(), list(zip(pieces[1::2], bodies, strict=True))


def _section(title: str, body: str) -> str:
    if title == "Returns":
        return f"**Returns:** {body}\n"
    head = "argument" if title == "Args" else "raises"
    entries = [_entry(each) for each in re.split(r"\n(?=\S)", body)]
    after = [f"`{name}`:\n\n{textwrap.dedent(rest)}\n" for name, _, rest in entries if rest]
    rows = [(f"`{name}`", said) for name, said, _ in entries]
    return "\n".join([table((head, "is" if title == "Args" else "when"), rows), *after])


def _entry(text: str) -> tuple[str, str, str]:
    """Read one argument or error: its name, what is said of it, and the lists and paragraphs that follow."""
    match = _ENTRY.fullmatch(text)
    if match is None:
        raise ValueError(f"A docstring has an entry without a name: {text!r}.")
    said, _, rest = match[2].partition("\n\n")
    return match[1], said, textwrap.dedent(rest)


def _example_fences(text: str) -> str:
    """Put what is indented into a fence, as it is an example."""
    return "\n\n".join(_blocks(text)) + "\n"


def _blocks(text: str) -> Iterator[str]:
    for block in re.split(r"\n\n(?! )", text):
        before, *example = re.split(r"\n\n(?=    )", block, maxsplit=1)
        yield before
        for each in example:
            yield f"```python\n{textwrap.dedent(each)}\n```"


def _errors() -> str:
    found = [each for each in vars(errors).values() if isinstance(each, type) and each.__module__ == errors.__name__]
    rows = [(f"`tally.errors.{each.__name__}`", inspect.getdoc(each) or "") for each in found]
    rows.append(("`tally.workflows.WorkflowError`", inspect.getdoc(WorkflowError) or ""))
    return "## Errors\n\nTheir messages say what to write instead.\n\n" + table(("error", "is"), rows)
