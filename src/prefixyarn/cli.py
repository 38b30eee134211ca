"""The command ``prefixyarn``: a base model on one's own text, and what a prior changes there."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prefixyarn.data.text_lines import text_lines
from prefixyarn.errors import InputError, told
from prefixyarn.languages import language
from prefixyarn.progress import Progress
from prefixyarn.records import write_text
from prefixyarn.writing import check_writable, is_stream

if TYPE_CHECKING:
    from prefixyarn.own_text import Model

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
MOST = 256  # texts that are answered side by side
LONG = 1024  # tokens; a longer text keeps a laptop busy for so long that one wonders
_NO_OPTION = re.compile(r"---|-[^=]*\s")  # begins as an option does, and is none
FIRST = 32  # of the first ones, so that something is seen soon

# Options that several commands have.
ModelOption = Annotated[
    str | None,
    typer.Option("--model", help="A model's folder, owner/name of the hub, or default. By default the run's."),
]
RunOption = Annotated[
    str | None, typer.Option("--run", help="A run of the workflow, whose prompt, dictionaries and models are used.")
]
TaskOption = Annotated[str, typer.Option("--task", help="translation, summarization or tagging.")]
FromOption = Annotated[str, typer.Option("--from", help="Language of the text (ISO 639-1).")]
ToOption = Annotated[str, typer.Option("--to", help="Language of the answer. Tagging has none.")]
PriorOption = Annotated[
    str, typer.Option("--prior", help="best, none, own, first, likeliest, refined; or text:… with a start of your own.")
]
KOption = Annotated[int, typer.Option("--k", min=1, help="How many tokens of a prior are given.")]
DictionaryOption = Annotated[
    Path | None, typer.Option("--dictionary", help="A two-column file, or a folder of files named en-de.txt (MUSE's).")
]
DtypeOption = Annotated[
    str | None, typer.Option("--dtype", help="float32, bfloat16 or float16. By default float32, on a GPU bfloat16.")
]
PromptOption = Annotated[str | None, typer.Option("--prompt", help="A template with {source} in it.")]
LanguagesOption = Annotated[str, typer.Option("--languages", help="ISO 639-1 codes, with commas between.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def tell_version(asked: bool) -> None:
    """Print the version and end, where it is asked for."""
    if asked:
        print(f"prefixyarn {version('prefixyarn')}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=tell_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Get a base model to answer in the right language, without training it."""


@app.command(epilog='Example: echo "The town had no water." | prefixyarn answer --to de')
def answer(
    texts: Annotated[
        list[str] | None, typer.Argument(help="Texts. Without any, each line of standard input is one.")
    ] = None,
    model: ModelOption = None,
    run: RunOption = None,
    task: TaskOption = "translation",
    source: FromOption = "en",
    target: ToOption = "de",
    prior: PriorOption = "best",
    k: KOption = 2,
    dictionary: DictionaryOption = None,
    prompt: PromptOption = None,
    dtype: DtypeOption = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="Limit of an answer.")] = None,
    journal: Annotated[
        Path | None, typer.Option(help="Keeps answers as they come: a call that was ended goes on from it.")
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Write the answers there; - is standard output.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Answer texts, a line each: translate, summarise or tag them."""
    written = output_file(output, force or journal is not None, {"--journal": journal, "--dictionary": dictionary})
    asked = read_texts(texts)
    opened = load_model(model, run, task, dictionary, prompt, dtype)
    from prefixyarn.own_text import Dictionary

    subset = opened.subset(source, target)
    lengths = opened.check(asked, source=source, target=target, max_tokens=max_tokens)
    chosen = opened.source_of(prior, subset)
    hint = f" (no dictionary or run has {subset})" if (prior, chosen.name) == ("best", "own") else ""
    known = chosen.coverage(asked, subset) if isinstance(chosen, Dictionary) else None
    if known:
        hint = f" (the dictionary has {known[0]:,} of their {known[1]:,} words)"
    tell(f"{len(asked)} text{'s' * (len(asked) > 1)}, {subset}, {opened.name}, prior: {chosen.name}{hint}")
    if empty := [n for n in range(1, len(asked) + 1) if n not in lengths]:
        tell(f"{len(empty)} without anything to read get an empty answer (texts {listed(empty)})")
    if long := [n for n, own in lengths.items() if own > LONG]:
        most = max(lengths, key=lengths.__getitem__)
        tell(
            f"{len(long)} with more than {LONG:,} tokens (texts {listed(long)}; text {most} has "
            f"{lengths[most]:,}): without a GPU it takes minutes to read such a text"
        )

    done: list[str] = []
    elsewhere: list[int] = []  # numbers of the texts whose answers are in another language
    progress = Progress("answer", len(asked), "answers")
    try:
        for part in parts(asked):
            found = opened.answer(
                part,
                source=source,
                target=target,
                prior=chosen,
                k=k,
                max_tokens=max_tokens,
                journal=journal,
                done=progress,
            )
            lines = [json.dumps(asdict(own), ensure_ascii=False) if as_json else own.text for own in found]
            elsewhere += [
                n for n, own in enumerate(found, len(done) + 1) if own.language not in (None, language(target).code)
            ]
            done += lines
            if not written:
                print(*lines, sep="\n", flush=True)
    except KeyboardInterrupt:
        kept = "the same call goes on from the journal" if journal else "with --journal FILE another call would go on"
        tell(f"stopped: {len(done)} of {len(asked)} answers are written; {kept}")
        write_lines(written, done)
        raise typer.Exit(130) from None
    write_lines(written, done)
    if elsewhere:
        tell(
            f"{len(elsewhere)} of {len(done)} answers are not in {language(target).name} (texts {listed(elsewhere)}): "
            "prefixyarn compare shows what other priors do"
        )
    if known and not known[0]:
        tell(f"the dictionary has no word of any text, so it began no answer: is it one from {language(source).name}?")


@app.command(epilog='Example: prefixyarn compare --to de,fr,zh,ar "The town had no water."')
def compare(
    text: Annotated[str, typer.Argument(help="The text.")],
    target: Annotated[str, typer.Option("--to", help="Languages of the answers, with commas between.")] = "de",
    model: ModelOption = None,
    run: RunOption = None,
    task: TaskOption = "translation",
    source: FromOption = "en",
    k: KOption = 2,
    dictionary: DictionaryOption = None,
    prompt: PromptOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what each prior makes of a text: a table, a row a prior."""
    from prefixyarn.own_text import compare
    from prefixyarn.own_text.render import compared_table, show

    opened = load_model(model, run, task, dictionary, prompt, dtype)
    rows = compare(opened, text, source=source, targets=target.split(","), k=k)
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        show(compared_table(rows))


@app.command(epilog='Example: prefixyarn look --to de --run default "The town had no water."')
def look(
    text: Annotated[str, typer.Argument(help="The text.")],
    target: ToOption = "de",
    model: ModelOption = None,
    run: RunOption = None,
    task: TaskOption = "translation",
    source: FromOption = "en",
    prior: PriorOption = "best",
    k: KOption = 2,
    dictionary: DictionaryOption = None,
    prompt: PromptOption = None,
    dtype: DtypeOption = None,
    steps: Annotated[int, typer.Option(min=1, help="How many positions are shown.")] = 8,
    as_json: JsonOption = False,
) -> None:
    """Show an answer's first steps: what the model could say, what a prior forces, what the SFT model would say."""
    from prefixyarn.own_text import look
    from prefixyarn.own_text.model import MAX_TOKENS
    from prefixyarn.own_text.render import show, steps_table

    opened = load_model(model, run, task, dictionary, prompt, dtype)
    found = look(opened, text, source=source, target=target, prior=prior, k=k, steps=steps)
    if len(found) < steps:
        limit = f" {MAX_TOKENS[task]} tokens are the limit of an answer" * (len(found) == MAX_TOKENS.get(task))
        tell(f"{len(found)} of {steps} steps: the answer ends there.{limit}")
    if as_json:
        print_json([asdict(step) for step in found])
    else:
        show(steps_table(found))


@app.command(
    epilog="Example: prefixyarn export --format lm-eval default lm-eval-tasks --system refined --direction en-de"
)
def export(
    run: Annotated[str, typer.Argument(help="A finished run, by name or folder.")],
    folder: Annotated[Path, typer.Argument(help="Where the tasks go.")],
    harness: Annotated[str, typer.Option("--format", help="lm-eval: tasks of lm-evaluation-harness.")] = "lm-eval",
    systems: Annotated[
        list[str] | None, typer.Option("--system", help="A prior, as none or pseudo-likeliest; may be given again.")
    ] = None,
    directions: Annotated[
        list[str] | None, typer.Option("--direction", help="A direction, as en-de; may be given again.")
    ] = None,
    foundation: Annotated[str, typer.Option("--foundation", help="Its name, where the run has several.")] = "",
    model: Annotated[Path | None, typer.Option("--model", help="Its folder, if not in the run's checkout.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an earlier export.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a run's items and priors as tasks of lm-evaluation-harness."""
    from prefixyarn.config.of_run import run_folder
    from prefixyarn.lm_eval import export

    if harness != "lm-eval":
        raise InputError(f"--format {harness}: expected lm-eval")
    made = export(run_folder(run), folder, systems or (), directions or (), foundation, model, force)
    if as_json:
        print_json(asdict(made))
        return
    for line in made.left_out:
        print(line, file=sys.stderr)
    print(f"{len(made.tasks)} tasks, group {made.group}: {folder}/README.md says how to run them")


@app.command(epilog="Examples: prefixyarn check default; prefixyarn check ./my-model --languages en,de,yo --json")
def check(
    model: Annotated[str, typer.Argument(help="A model's folder, owner/name of the hub, or default.")],
    languages: LanguagesOption = "en,de,fr,zh,ar",
    as_json: JsonOption = False,
) -> None:
    """Say whether a model can be used, and what to do where it cannot. The exit status is 1 then."""
    from prefixyarn.check import check, rendered

    found = check(model, languages.split(","), told=lambda own: print(f"{own.status}: {own.name}", file=sys.stderr))
    if as_json:
        print_json(asdict(found))
    else:
        print(rendered(found))
    raise typer.Exit(not found.usable)


@app.command(epilog="Example: prefixyarn new mine --model owner/name --languages en,de,zh --tasks translation,tagging")
def new(
    name: Annotated[str, typer.Argument(help="Name of the run and of its file, config/NAME.yaml.")],
    model: Annotated[str, typer.Option("--model", help="A model's folder, owner/name of the hub, or default.")],
    languages: LanguagesOption,
    tasks: Annotated[str, typer.Option("--tasks", help="With commas between.")] = "translation,summarization,tagging",
    parameters: Annotated[
        float | None, typer.Option("--parameters", help="How many the model has, as 1.2e9; where the hub does not say.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a configuration for a run with one's own model, languages and tasks, in a checkout."""
    from prefixyarn.new_config import expected, new_config

    path = new_config(name, model, languages.split(","), tasks.split(","), parameters=parameters, force=force)
    if as_json:
        print_json({"file": str(path), "expected": expected(path).splitlines()})
    else:
        print(expected(path))


def load_model(
    model: str | None, run: str | None, task: str, dictionary: Path | None, prompt: str | None, dtype: str | None
) -> Model:
    """Open the model that a command's options name. Only here torch is imported."""
    from prefixyarn.own_text import load

    return load(model, task=task, run=run, dictionary=dictionary, prompt=prompt, dtype=dtype)


def read_texts(given: list[str] | None) -> list[str]:
    """Return the texts of the arguments, or the lines of standard input."""
    if given:
        return given
    if sys.stdin.isatty():
        print("reading standard input, a line a text; end with Ctrl-D", file=sys.stderr)
    return [line for _, line in text_lines(sys.stdin.buffer, "standard input")]


def tell(line: str) -> None:
    """Print a line for the person who waits, beside the answers."""
    print(line, file=sys.stderr)


def listed(numbers: list[int]) -> str:
    """Return the first ten numbers, with commas between."""
    return ", ".join(map(str, numbers[:10])) + (", …" if len(numbers) > 10 else "")


def output_file(given: str | None, overwrite: bool, others: Mapping[str, Path | None]) -> Path | None:
    """Return the file that is written, where a link leads to; None for standard output.

    Args:
        given: What the option says.
        overwrite: Whether a file may be there already.
        others: Files of other options, by the option: what is read, or written, too.

    Raises:
        InputError: There must be none, or it is another one of the call, or it cannot be written.
    """
    if given is None or given in ("-", "/dev/stdout"):
        return None
    path = Path(given)
    if given.endswith("/"):
        raise InputError(f"{given}: a folder. Give the name of a file, such as {path / 'answers.txt'}")
    check_writable(path)
    if is_stream(path):
        return path
    path = Path(os.path.realpath(path))
    for option, other in others.items():
        if other and path in (real := Path(os.path.realpath(other)), *(real.glob("*") if real.is_dir() else ())):
            raise InputError(f"{given}: is what {option} names as well. Give another name")
    if path.exists():
        if not overwrite:
            raise InputError(f"{given}: exists already. Give another name, or --force to overwrite it")
        with suppress(OSError):  # of a standard input that is no file
            if os.path.samestat(path.stat(), os.fstat(sys.stdin.fileno())):
                raise InputError(f"{given}: is what standard input is read from. Give another name")
    return path


def write_lines(path: Path | None, lines: list[str]) -> None:
    """Write lines into a file, if there is one and they are some."""
    if path and lines:
        write_text(path, "".join(f"{line}\n" for line in lines))


def parts(texts: list[str]) -> Iterator[list[str]]:
    """Yield the texts in growing parts: the first ones are seen soon, and the rest are answered side by side."""
    start, size = 0, FIRST
    while start < len(texts):
        yield texts[start : start + size]
        start, size = start + size, min(size * 8, MOST)


def print_json(value: object) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, ensure_ascii=False, indent=1))


def run() -> None:
    """Run the command; an input error or a full disk ends it with one line and exit status 1."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait burn no cores; before torch is loaded
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger().handlers[0].addFilter(lambda record: record.module != "int8_head")  # for jobs' logs
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # whatever the locale says
    try:
        app()
    except (InputError, OSError) as error:
        sys.exit(told(error))
    except SystemExit as ended:
        if ended.code == 2 and any(_NO_OPTION.match(own) for own in sys.argv[1:]):
            tell("A text that begins with - goes behind all options and a --: prefixyarn answer --to de -- '- one'")
        raise
