"""Kinds of bad input as a table: what is wrong, where it is given, what it is, and the one line that must answer it.

`entry_points.py` says what the entry points are and which right files there are; a row changes some of these. A line is
a regular expression. `AS_RIGHT` instead of one: this is to be read as if it were the right file.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from damage import (
    NEWS,
    WEIGHTS,
    Change,
    archived,
    bom,
    crlf,
    cut,
    edit,
    empty_folder,
    fewer_rows,
    gone,
    header,
    keys,
    mine,
    nfd,
    no_pip,
    not_numbers,
    of_translation,
    packed,
    shards,
    slow_tokenizer,
    swap,
    utf16,
    weights_twice,
    without,
    without_head,
    write,
)

AS_RIGHT = ""


@dataclass(frozen=True)
class Bad:
    """A kind of bad input.

    Attributes:
        name: What is wrong.
        entry: Where it is given: an entry point of `entry_points.py`, or ``run N``: a file of a whole run that is
            damaged between two rules, together with the others of the same N.
        given: Changes to the right files; or what the entry point is given beside them.
        line: What must be said, as a regular expression.
        noted: Whether it is read nevertheless, and the line stands in the log.
    """

    name: str
    entry: str
    given: tuple[Change, ...] | str
    line: str
    noted: bool = False

    def changes(self) -> tuple[Change, ...]:
        """Return the changes to the right files."""
        return () if isinstance(self.given, str) else self.given


# A row a line:
# fmt: off
PLAN, DRY = "make plan", "snakemake -n"
SYNTAX = r"mine\.yaml.*line \d+"
CONFIGURATIONS = [
    Bad("an unknown key", PLAN, mine("run: mine\nlanguges: []\n"), r"languges: unknown key; did you mean 'languages'\?"),
    Bad("an unknown key in a block", PLAN, of_translation("item: 3"), r"translation\.item: unknown key; did you mean"),
    Bad("a number as a key", PLAN, mine("run: mine\n1: 2\n"), "line 2: YAML reads the key 1 as a number"),
    Bad("a key given twice", PLAN, mine("run: mine\nseed: 7\nseed: 3\n"), r"mine\.yaml.*line 3.*seed"),
    Bad("a block given twice", PLAN, mine("run: mine\ntranslation:\n  sft: {steps: 8}\ntranslation:\n  held_out: gramps\n"), r"mine\.yaml.*line 4.*translation"),
    Bad("a word for a number", PLAN, mine("run: mine\nseed: one\n"), "seed: 'one' is not of type 'integer'"),
    Bad("a quoted number", PLAN, of_translation("sft: {steps: '8'}"), r"sft\.steps: '8' is not of type 'integer'"),
    Bad("8.0 for a whole number", PLAN, of_translation("sft: {steps: 8.0}"), r"sft\.steps: .*8\.0"),
    Bad("a code in capitals", PLAN, mine("run: mine\nlanguages: [EN, de]\n"), "languages: write 'EN' as 'en'"),
    Bad("a brace in a folder", PLAN, mine("run: mine\ntranslation:\n  lexicon: {source: folder, folder: 'my {words}'}\n"), r"translation\.lexicon\.folder: .* has braces"),
    Bad("yes for a number", PLAN, of_translation("sft: {steps: yes}"), r"sft\.steps: True is not of type 'integer'"),
    Bad("not a number", PLAN, of_translation("sft: {rate: .nan}"), r"sft\.rate: .*nan"),
    Bad("an endless number", PLAN, of_translation("sft: {rate: .inf}"), r"sft\.rate: .*inf"),
    Bad("a negative seed", PLAN, mine("run: mine\nseed: -1\n"), "seed: -1 is less than the minimum of 0"),
    Bad("too few items", PLAN, of_translation("items: {test: 1}"), r"items\.test: 1 is less than the minimum of 2"),
    Bad("nothing for a list", PLAN, mine("run: mine\nlanguages:\n"), "languages: empty; a list is expected"),
    Bad("a version that YAML rounds", PLAN, mine("run: mine\ntranslation:\n  catalogues:\n    - {package: django, version: 5.10, sha256: " + "a" * 64 + "}\n" "    - {package: gramps, version: 6.0.8, sha256: " + "a" * 64 + "}\n"), r"catalogues\.0\.version: YAML reads 5\.10 as a number: 5\.1\..*mine\.yaml, line 4"),
    Bad("no for Norwegian", PLAN, mine("run: mine\nlanguages: [en, no, de]\n"), r"languages\.1: .*(False|true or false)"),
    Bad("a date for a name", PLAN, mine("run: 2026-01-02\n"), "run: YAML reads 2026-01-02 as a date"),
    Bad("a path for a name", PLAN, mine("run: a/b\n"), "run: 'a/b' does not match"),
    Bad("no name of its own", PLAN, mine("seed: 2\n"), "run: still 'default', but other keys differ"),
    Bad("an unknown language", PLAN, mine("run: mine\nlanguages: [en, cn]\n"), "languages: unknown language code 'cn'"),
    Bad("a language twice", PLAN, mine("run: mine\nlanguages: [en, en]\n"), "languages: .*non-unique"),
    Bad("a direction of no languages", PLAN, of_translation("directions: [ende]"), "expected two different language codes"),
    Bad("a direction out of the run", PLAN, of_translation("directions: [en-sw]"), "needs 'sw', which is not in languages"),
    Bad("a direction twice", PLAN, of_translation("other_directions: [en-de]"), "en-de is in directions already"),
    Bad("an unknown task", PLAN, mine("run: mine\ntasks: [translaton]\n"), r"tasks\.0: 'translaton' is not one of"),
    Bad("no task", PLAN, mine("run: mine\ntasks: []\n"), "tasks: .*(non-empty|too short)"),
    Bad("an unknown language in a task that does not run", PLAN, mine("run: mine\ntasks: [translation]\ntagging: {languages: [xx]}\n"), "tagging.languages: unknown language code 'xx'"),
    Bad("an unknown kind in a task that does not run", PLAN, mine("run: mine\ntasks: [translation]\ntagging: {priors: {kinds: [none, psuedo]}}\n"), r"tagging\.priors\.kinds: 'psuedo' cannot be used"),
    Bad("an unknown kind", PLAN, of_translation("priors: {kinds: [none, psuedo]}"), "'psuedo' cannot be used in this task"),
    Bad("nothing to compare with", PLAN, of_translation("priors: {kinds: [pseudo]}"), "'none' is missing"),
    Bad("a prior over the limit", PLAN, of_translation("priors: {k: {token: [99]}}"), "a prior of 99 tokens leaves no room in an answer of at most 64"),
    Bad("a prior without its model", PLAN, of_translation("sft: {method: none}"), "'sft' needs a model"),
    Bad("a package that is not there", PLAN, of_translation("held_out: gimp"), "'gimp' is not one of the catalogues"),
    Bad("more trials than items", PLAN, of_translation("items: {trial: 99}"), "trial: these are taken from dev"),
    Bad("a dictionary of no folder", PLAN, of_translation("lexicon: {source: folder}"), r"lexicon\.folder: give the folder"),
    Bad("a template without a place", PLAN, of_translation("prompts: [{name: x, text: no place}]"), r"prompt 'x': the placeholder \{source\} is missing"),
    Bad("a mirror that is not there", PLAN, mine("run: mine\ndata: {mirror: /no/such}\n"), "'/no/such' is not a folder"),
    Bad("a source of no kind", PLAN, mine("run: mine\nfoundations: [{name: a, label: A, source: {kind: locl, path: x}}]\n"), r"foundations\.0\.source\.kind: unknown kind"),
    Bad("a model twice", PLAN, mine("run: mine\nfoundations:\n" + "- {name: a, label: A, source: {kind: local, path: x}}\n" * 2), "foundations: 'a' is listed twice"),
    Bad("a list instead of keys", PLAN, mine("- run\n- mine\n"), r"mine\.yaml.*(mapping|keys)"),
    Bad("a word instead of keys", PLAN, mine("mine\n"), r"mine\.yaml.*(mapping|keys)"),
    Bad("tabs", PLAN, mine("run: mine\ntranslation:\n\titems: {}\n"), SYNTAX),
    Bad("an open bracket", PLAN, mine("run: mine\nlanguages: [en, de\n"), SYNTAX),
    Bad("an unknown alias", PLAN, mine("run: mine\nlanguages: *known\n"), SYNTAX),
    Bad("a tag that runs code", PLAN, mine("run: !!python/object/apply:os.system [ls]\n"), SYNTAX),
    Bad("a configuration in another encoding", PLAN, mine("run: mine\n# größer\n".encode("latin-1")), r"mine\.yaml.*UTF-8"),
    Bad("a configuration in UTF-16", PLAN, mine("run: mine\nlanguges: []\n".encode("utf-16")), "languges: unknown key|UTF-8"),
    Bad("a configuration that is not there", PLAN, (), r"mine\.yaml"),
    Bad("a folder for a configuration", PLAN, (lambda folder: (folder / "mine.yaml").mkdir(),), r"mine\.yaml"),
    Bad("a misspelt key, to snakemake", DRY, mine("run: mine\nsede: 1\n"), "sede: unknown key; did you mean 'seed'"),
    Bad("a key given twice, to snakemake", DRY, mine("run: mine\nseed: 7\nseed: 3\n"), r"mine\.yaml.*line 3.*seed"),
    # These Snakemake reads before anything of ours, and says less; make asks our check first.
    Bad("an open bracket, to snakemake", DRY, mine("run: mine\nlanguages: [en, de\n"), "Config file is not valid JSON or YAML"),
    Bad("a list instead of keys, to snakemake", DRY, mine("- run\n- mine\n"), "Config file must be given as JSON or YAML with keys at top level"),
    Bad("no configuration, to snakemake", DRY, (), r"mine\.yaml"),
]

DICTIONARY = "muse/en-de.txt"
FLORES_EN, FLORES = (f"flores101_dataset/dev/{code}.dev" for code in ("eng", "deu"))
TREES = "treebanks/UD_German-GSD/de_gsd-ud-train.conllu"
LOCK = "lock.json"
PAGE = "<html><head><title>Log in</title></head>\n<body>Accept the terms.</body></html>\n"


def of_any_text(entry: str, name: str) -> list[Bad]:
    """Return what must be read as if nothing were wrong, of a kind of file."""
    return [
        Bad("U+FEFF at its start", entry, bom(name), AS_RIGHT),
        Bad("lines that end as on Windows", entry, crlf(name), AS_RIGHT),
        Bad("UTF-16", entry, utf16(name), rf"{name.split('/')[-1]}.*line 1\b.*(?i:utf-(8|16))"),
        Bad("a log-in page", entry, write(name, PAGE), rf"{name.split('/')[-1]}\b.*"),
    ]


FILES = [
    *of_any_text("dictionary", DICTIONARY),
    Bad("accents apart", "dictionary", nfd(DICTIONARY), AS_RIGHT),
    Bad("U+FEFF inside a word", "dictionary", swap(DICTIONARY, "ship", "sh\ufeffip"), AS_RIGHT),
    Bad("one column", "dictionary", swap(DICTIONARY, "ship Schiff", "ship"), r"en-de\.txt, line 2: expected 'source target'"),
    Bad("three columns", "dictionary", swap(DICTIONARY, "ship ", "ship x "), r"en-de\.txt, line 2: expected 'source target'"),
    Bad("another encoding", "dictionary", write(DICTIONARY, "a b\nname Größe\n".encode("latin-1")), "line 2: not UTF-8"),
    Bad("empty", "dictionary", write(DICTIONARY, "\n"), r"en-de\.txt: the dictionary is empty"),
    Bad("a spreadsheet's", "dictionary", write(DICTIONARY, 'sep=;\n"harbour";"Hafen"\nship,;Schiff\n"coffee";Café;\n'), AS_RIGHT),
    Bad("phrases alone", "dictionary", write(DICTIONARY, "log in\tanmelden\n"), "none of its 1 entries can be looked up"),
    Bad("not there", "dictionary", gone(DICTIONARY), r"en-de\.txt.*no such file"),
    Bad("not what was locked", "dictionary", write(LOCK, '{"files": {"muse/en-de.txt": "00"}}'), "its SHA-256 is"),
    Bad("a lock file that is cut", "dictionary", write(LOCK, '{"files": {"mu'), r"lock\.json, line 1, column \d+: not JSON"),
    Bad("a lock file that is empty", "dictionary", write(LOCK, ""), r"lock\.json.*not JSON"),
    Bad("a lock file of another form", "dictionary", write(LOCK, "[]"), r"lock\.json: not a lock file: expected an object"),
    Bad("a lock file with a list of files", "dictionary", write(LOCK, '{"files": ["muse/en-de.txt"]}'), r"lock\.json: not a lock file: expected an object"),
    *of_any_text("flores", FLORES),
    Bad("U+FEFF inside a line", "flores", swap(FLORES, " und ", " \ufeffund "), AS_RIGHT),
    Bad("accents apart", "flores", nfd(FLORES), r"deu\.dev: its letters and their accents are apart \(NFD\)"),
    Bad("a line less", "flores", edit(FLORES, lambda own: own.split(b"\n", 1)[1]), "deu.dev: 89 lines, but .*has 90"),
    Bad("an empty line", "flores", edit(FLORES, lambda own: b"\n" + own.split(b"\n", 1)[1]), "deu.dev, line 1: empty"),
    Bad("a line of nothing seen", "flores", edit(FLORES, lambda own: b"\xe2\x80\x8b" + own[own.index(b"\n") :]), "line 1: empty"),
    Bad("another language", "flores", (lambda own: shutil.copy(own / FLORES_EN, own / FLORES),), "deu.dev: .* is English"),
    Bad("another encoding", "flores", edit(FLORES, lambda own: own + b"\xff\n"), "deu.dev, line 91: not UTF-8"),
    Bad("not there", "flores", gone(FLORES), "deu.dev: no such file"),
    Bad("half of devtest", "flores", write("flores101_dataset/devtest/eng.devtest", "One.\n"), "deu.devtest: no such file"),
    Bad("too few lines", "flores", (*write(FLORES, "Eins.\n"), *write(FLORES_EN, "One.\n")), "translation.items: "),
    *of_any_text("treebank", TREES),
    Bad("accents apart", "treebank", nfd(TREES), AS_RIGHT),
    Bad("nine columns", "treebank", swap(TREES, "\t_\n", "\n"), r"train\.conllu, line 2: expected the 10 tab-separated"),
    Bad("spaces for tabs", "treebank", swap(TREES, "\t", " ", 9), r"train\.conllu, line 2: expected the 10 tab-separated"),
    Bad("a number left out", "treebank", swap(TREES, "\n2\t", "\n3\t"), "line 3: id '3' is out of order"),
    Bad("an unknown tag", "treebank", swap(TREES, "\tNOUN\t", "\tNOUNS\t"), "tag 'NOUNS': expected one of"),
    Bad("a sentence without words", "treebank", edit(TREES, lambda own: b"# a\n\n" + own), "has no words"),
    Bad("an id twice", "treebank", swap(TREES, "train-1\n", "train-0\n"), "a second sentence with the id train-0"),
    Bad("a sentence that ends early", "treebank", cut(TREES, 60), r"train\.conllu, line \d+: the file ends here"),
    Bad("another encoding", "treebank", edit(TREES, lambda own: b"# \xff\n" + own), r"train\.conllu, line 1: not UTF-8"),
    Bad("empty", "treebank", write(TREES, ""), "no sentences in it"),
    Bad("one of three files not there", "treebank", gone(TREES.replace("train", "dev")), "dev.conllu is missing"),
    *of_any_text("crosssum", NEWS),
    Bad("a folder at home", "crosssum in a home", (), AS_RIGHT),
    Bad("a line that is cut", "crosssum", cut(NEWS, 30), r"train\.jsonl, line 80: not JSON"),
    Bad("no text", "crosssum", swap(NEWS, '"text"', '"texts"'), r"train\.jsonl, line 1: no 'text' that is a string"),
    Bad("a list", "crosssum", edit(NEWS, lambda own: b"[]\n" + own), r"train\.jsonl, line 1: no 'text'"),
    Bad("half a surrogate", "crosssum", swap(NEWS, '"summary": "', '"summary": "\\ud83d'), "train: 79 examples.* 1 with half a surrogate pair", noted=True),
    Bad("half a surrogate as bytes", "crosssum", swap(NEWS, '"text": "', '"text": "\ud83d'), r"train\.jsonl, line 1\b"),
    Bad("another encoding", "crosssum", edit(NEWS, lambda own: b'{"text": "\xff"}\n' + own), r"train\.jsonl, line 1: not"),
    Bad("empty", "crosssum", write(NEWS, ""), "CrossSum english-chinese_simplified train: 0 examples"),
    Bad("not there", "crosssum", gone(NEWS), r"no .*train\.jsonl"),
    Bad("an archive that is cut", "crosssum", (archived,), r"CrossSum\.tar\.bz2: cannot be unpacked"),
    Bad("another encoding", "descriptions", edit("en.txt", lambda own: own + b" \xe9\n"), r"en\.txt, line 5: not UTF-8"),
    Bad("a line of no field", "descriptions", write("en.txt", "Package: a\nnothing\n"), r"en\.txt, line 2: expected 'Field"),
    Bad("a log-in page", "descriptions", write("en.txt", PAGE), r"en\.txt, line \d: expected"),
    Bad("U+FEFF at its start", "descriptions", bom("en.txt"), AS_RIGHT),
    Bad("not a package", "a catalogue", write("some.whl", PAGE), r"some\.whl: not a wheel"),
    Bad("a package that is cut", "a catalogue", cut("some.whl", 200), r"some\.whl: not a wheel"),
    Bad("an altered package", "a catalogue", swap("some.whl", "Datei", "Dabei"), r"some\.whl"),
    Bad("not a catalogue", "a catalogue", packed(b"nothing"), r"some\.whl, .*django\.mo: not a gettext catalogue"),
    Bad("a date that is none", "a catalogue", header(b"PO-Revision-Date: ", b"PO-Revision-Date: 20xx-"), AS_RIGHT),
    Bad("an unknown encoding", "a catalogue", header(b"charset=utf-8", b"charset=utf-x"), AS_RIGHT),
    Bad("an altered package", "package", write("wanted.json", "{}"), "truncated or was altered"),
    Bad("no such version", "package", write("wanted.json", '{"version": "9"}'), "some-package==9: pip could not download"),
    Bad("no pip", "package", (no_pip,), "some-package==1.0: .*(No module named pip|no pip)"),
]

MODELS = [
    Bad("no folder", "model", (lambda folder: (folder / "model").rename(folder / "other"),), r"source\.path: .*is not a folder"),
    Bad("an empty folder", "model", (empty_folder,), r"no \*\.safetensors file"),
    Bad("a shard that is not there", "model", (shards,), r"model-00002-of-00002\.safetensors"),
    Bad("pickled weights alone", "model", (*gone(WEIGHTS), *write("model/pytorch_model.bin", b"a pickle")), r"no \*\.safetensors file"),
    Bad("weights that are cut", "model", cut(WEIGHTS, 100), r"model\.safetensors: damaged or cut short"),
    Bad("empty weights", "model", write(WEIGHTS, b""), r"model\.safetensors: damaged or cut short"),
    Bad("a page for weights", "model", write(WEIGHTS, PAGE), r"model\.safetensors: damaged or cut short"),
    Bad("a tensor that is not there", "model", (without_head,), r"lm_head\.weight"),
    Bad("weights of another shape", "model", keys("model/config.json", hidden_size=64), r"not of one model: .* by the configuration"),
    Bad("weights that are no numbers", "model", (not_numbers,), "has NaN or infinity among its numbers"),
    Bad("weights twice", "model", (weights_twice,), AS_RIGHT),
    Bad("no configuration", "model", without("config.json"), r"config\.json"),
    Bad("a configuration that is cut", "model", cut("model/config.json", 50), r"config\.json does not load"),
    Bad("not a language model", "model", keys("model/config.json", model_type="vit"), "'vit' is not a causal language model"),
    Bad("an encoder", "model", keys("model/config.json", model_type="t5"), "'t5' is not a causal language model"),
    Bad("an unknown family", "model", keys("model/config.json", model_type="mine"), r"config\.json: transformers .* does not know the model_type 'mine'"),
    Bad("code of its own", "model", keys("model/config.json", model_type="own", auto_map={"AutoConfig": "own.Own"}), r"config\.json: transformers .* does not know the model_type 'own', and code that came with a model is not run"),
    Bad("no tokenizer", "model", without("tokenizer.json", "tokenizer_config.json"), "no tokenizer; expected a fast tokenizer"),
    Bad("a slow tokenizer alone", "model", (slow_tokenizer,), "tokenizer"),
    Bad("a tokenizer that is cut", "model", cut("model/tokenizer.json", 100), "the tokenizer does not load"),
    Bad("a tokenizer of another model", "model", (fewer_rows,), r"its tokenizer has \d+ entries, but the model has 300"),
    Bad("an adapter for a model", "model", (*without("config.json"), *write("model/adapter_config.json", "{}")), r"adapter|config\.json"),
    Bad("an adapter beside a model", "model", write("model/adapter_config.json", "{}"), r"a whole model, and an adapter"),
    Bad("fewer layers than weights", "model", keys("model/config.json", num_hidden_layers=1, layer_types=["full_attention"]), r"no place for model\.layers\.1\."),
    Bad("quantised weights", "model", keys("model/config.json", quantization_config={"quant_method": "gptq", "bits": 4}), r"its weights are quantised \(gptq\)"),
    Bad("an activation that is not there", "model", keys("model/config.json", hidden_activation="swoosh"), "the model does not load .*swoosh"),
    Bad("names as text", "model", keys("model/config.json", architectures="Gemma3ForCausalLM"), "architectures: expected a list of names"),
    Bad("a shard elsewhere", "model", (*gone(WEIGHTS), *write("model/model.safetensors.index.json", '{"metadata": {}, "weight_map": {"a": "../b.safetensors"}}')), r"names \.\./b\.safetensors, and parts must lie beside it"),
    Bad("two GGUF files", "model", (*write("model/a.gguf", b"GGUF"), *write("model/b.gguf", b"GGUF")), r"2 GGUF files"),
    Bad("a manifest of others", "model", write("model/manifest.json", "[]"), AS_RIGHT),
    Bad("a damaged GGUF file", "model", write("model/model.gguf", b"GGUF nothing"), r"gguf"),
]

NETWORK = [
    Bad("an answer cut in a chunk", "download", "{server}/cut/en-de.txt", "cut/en-de.txt: .*"),
    Bad("less than was promised", "download", "{server}/short/en-de.txt", "280 of 9999 bytes|could not be downloaded"),
    Bad("no status line", "download", "{server}/status/en-de.txt", "status/en-de.txt: .*"),
    Bad("no answer", "download", "{server}/silent/en-de.txt", "silent/en-de.txt: .*"),
    Bad("a log-in page with status 200", "download", "{server}/page/en-de.txt", "page/en-de.txt|en-de.txt, line 1"),
    Bad("nothing with status 200", "download", "{server}/empty/en-de.txt", r"en-de\.txt.*"),
    Bad("words in another encoding", "download", "{server}/latin/en-de.txt", r"en-de\.txt.*UTF-8"),
    Bad("not found", "download", "{server}/missing/en-de.txt", "could not be downloaded .*404"),
    Bad("a broken server", "download", "{server}/broken/en-de.txt", "could not be downloaded .*500"),
    Bad("an endless redirection", "download", "{server}/loop/en-de.txt", "could not be downloaded"),
    Bad("nobody there", "download", "http://127.0.0.1:9/en-de.txt", "could not be downloaded .*refused"),
    Bad("not an address", "download", "en-de.txt", "en-de.txt: could not be downloaded"),
    Bad("a log-in page for an archive", "download", "{server}/page/a.tar.gz", "not a tar archive|page/a.tar.gz"),
    Bad("half an archive", "download", "{server}/half-archive/a.tar.gz", "archive.*(cut|not a tar|ended|damaged)"),
    Bad("another archive", "download", "{server}/other-archive/a.tar.gz", "has no flores101_dataset/dev/eng.dev"),
    Bad("a gated model", "hub", "me/gated", "'me/gated' is gated"),
    Bad("an unknown model", "hub", "me/unknown", "the hub did not give 'me/unknown'"),
    Bad("pickled weights alone, on the hub", "hub", "me/pickled", r"has no \*\.safetensors"),
    Bad("a log-in page for a hub", "hub", "me/page", "the hub did not give 'me/page'"),
    Bad("weights that do not come", "hub", "me/cut", "the hub did not give 'me/cut'"),
]
MACHINE = [
    Bad("no apt", "apt", "", "no apt-get here"),
    Bad("apt without a network", "apt", "echo 'E: no network' >&2; exit 100", r"apt-get update failed \(E: no network\)"),
    Bad("apt with other sources", "apt", "exit 0", "no descriptions in 'fr'"),
    Bad("results that cannot be written", "read-only", (), r"en-de\.tsv.*(could not be written|[Rr]ead-only)"),
    Bad("a full disk", "full disk", (), r"en-de\.tsv.*could not be written .*No space left"),
    Bad("a folder in the place of a result", "dictionary", (lambda folder: (folder / "made/en-de.tsv").mkdir(parents=True),), r"en-de\.tsv.*could not be written"),
    Bad("no home, no locale", "make plan elsewhere", (), AS_RIGHT),
    Bad("no run to show", "show_results", (), r"overview\.csv is not there: run"),
]
RESULTS = "results/tiny"
RECORDS = [
    Bad("a line that is cut", "records", cut("test.jsonl", 20), r"test\.jsonl, line 3: not a Item record"),
    Bad("other keys", "records", swap("test.jsonl", '"source"', '"sauce"'), r"test\.jsonl, line 1: not a"),
    Bad("a key too few", "records", swap("test.jsonl", '"id": "1", ', ""), r"test\.jsonl, line 2: not a"),
    Bad("an empty line", "records", edit("test.jsonl", lambda own: own + b"\n"), r"test\.jsonl, line 4: not a"),
    Bad("a list", "records", edit("test.jsonl", lambda own: b"[]\n" + own), r"test\.jsonl, line 1: not a"),
    Bad("a number for a text", "records", swap("test.jsonl", '"id": "1"', '"id": 1'), r"test\.jsonl, line 2: not a"),
    Bad("an id twice", "records", swap("test.jsonl", '"id": "1"', '"id": "0"'), r"test\.jsonl, line 2: not a .*item '0': a second"),
    Bad("nothing for a text", "records", swap("test.jsonl", '"id": "1", "source": "', '"id": "1", "meta": null, "source": "'), r"test\.jsonl, line 2: not a"),
    Bad("no lines", "records", write("test.jsonl", ""), r"test\.jsonl: empty, expected a Item record"),
    Bad("another encoding", "records", edit("test.jsonl", lambda own: own + b"\xff\n"), r"test\.jsonl, line 4: not"),
    Bad("a subset that is not there", "records of a subset", swap("test.jsonl", '{"id"', '{"subset": "en-fr", "id"', 9), "no record is of en-de"),
    Bad("cut", "JSON", cut("choice.json", 3), r"choice\.json, line 1, column \d+: not JSON"),
    Bad("empty", "JSON", write("choice.json", ""), r"choice\.json, line 1, column \d+: not JSON"),
    Bad("another encoding", "JSON", write("choice.json", b'{"a": "\xff"}'), r"choice\.json.*not UTF-8"),
    Bad("half", "scores", write("tiny.json", '{"en-de": {"systems": '), r"tiny\.json: not the scores of subsets"),
    Bad("other columns", "a table", write("agreement.csv", "a,b\n1,2\n"), r"agreement\.csv.*"),
    Bad("two columns", "a dictionary of ours", write("en-de.tsv", "file\tDatei\n"), r"en-de\.tsv, line 1: expected"),
    Bad("another encoding", "a dictionary of ours", write("en-de.tsv", b"file\t\xff\t1\n"), r"en-de\.tsv, line 1: not UTF-8"),
    Bad("scores that are cut", "run 1", cut(f"{RESULTS}/scores/tagging/tiny.json", 99), r"scores/tagging/tiny\.json: not the scores"),
    Bad("scores of nothing", "run 1", write(f"{RESULTS}/scores/summarization/tiny.json", "{}"), r"scores/summarization/tiny\.json.*"),
    Bad("a choice that is empty", "run 2", write(f"{RESULTS}/examples/tagging/tiny.json", ""), r"examples/tagging/tiny\.json, line 1, column \d+: not JSON"),
    Bad("priors that are cut", "run 2", cut(f"{RESULTS}/priors/translation/tiny.jsonl", 40), r"priors/translation/tiny\.jsonl, line \d+: not a Prior record"),
    Bad("predictions with other keys", "run 2", swap(f"{RESULTS}/refined/summarization.jsonl", '"whole"', '"hole"'), r"refined/summarization\.jsonl, line 1: not a Prediction record"),
]
TABLE = [*CONFIGURATIONS, *FILES, *MODELS, *NETWORK, *MACHINE, *RECORDS]
