from pathlib import Path

import pytest

from prefixyarn.errors import InputError
from prefixyarn.languages import LANGUAGES, language
from prefixyarn.tasks.tagging.treebanks import GAP, UPOS, Tagged, read_conllu, splits


def row(id_: str, form: str = "w", tag: str = "NOUN") -> str:
    return "\t".join([id_, form, "_", tag, *"______"])


def write(path: Path, *lines: str, end: str = "\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((end.join(lines) + end).encode())
    return path


def treebank(path: Path, first: int, n: int) -> None:
    """Write n sentences that say which they are; their words are the same wherever their numbers are."""
    lines = (
        f"# sent_id = {path.stem}-{i}\n{row('1', f'w{i}')}\n{row('2', '.', 'PUNCT')}\n" for i in range(first, first + n)
    )
    write(path, *lines)


def numbers(sentences: list[Tagged]) -> list[int]:
    return [int(s.words[0][1:]) for s in sentences]


# What the lines give: (words, tags)
GOOD = {
    "words": ([row("1", "I", "PRON"), row("2", "go", "VERB")], "I go", "PRON VERB"),
    "a multiword token": ([row("1-2", "du", "_"), row("1", "de", "ADP"), row("2", "le", "DET")], "de le", "ADP DET"),
    "one after another": ([row("1"), row("2-3", tag="_"), row("2"), row("3"), row("4-5", tag="_"), row("4"), row("5")], "w w w w w", "NOUN " * 5),
    "empty nodes": ([row("0.1", tag="_"), row("1"), row("1.1", "E", "_"), row("1.2", "E", "VERB"), row("2")], "w w", "NOUN NOUN"),
    "comments": (["# text = a # b", "#", "# sent_id =", row("1", "#", "SYM")], "#", "SYM"),
    "a space in a word": ([row("1", "10 000", "NUM"), row("2", "a\u00a0\u202fb")], "10000 ab", "NUM NOUN"),
    "an underscore": ([row("1", "_", "PUNCT")], "_", "PUNCT"),
    "Arabic": ([row("1", "كتاب")], "كتاب", "NOUN"),
    "decomposed letters": ([row("1", "Gro\u0308\u00dfe"), row("2", "a\u00add\u200b")], "Gr\u00f6\u00dfe ad", "NOUN NOUN"),
    "a line separator": ([row("1", "a\u2028b")], "ab", "NOUN"),
}  # fmt: skip


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("name", GOOD)
def test_conllu_gives_words_and_tags(name: str, end: str, tmp_path: Path) -> None:
    lines, words, tags = GOOD[name]
    path = write(tmp_path / "xx-ud-dev.conllu", *lines, "", end=end)
    assert read_conllu(path) == [Tagged("xx-ud-dev-1", tuple(words.split()), tuple(tags.split()))]


def test_ids_and_blank_lines(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.conllu", "", "# sent_id = s-1", row("1"), "", " ", row("1"), "", "#sent_id=s=3", row("1"), ""
    )
    assert [s.id for s in read_conllu(path)] == ["s-1", "a-2", "s=3"]


BAD = {
    "nine columns": ([row("1").removesuffix("\t_")], 1, "expected the 10 tab-separated columns of CoNLL-U, got 9"),
    "spaces for tabs": ([row("1"), row("2").replace("\t", " ")], 2, "got 1: "),
    "an unknown tag": ([row("1"), row("2", tag="CONJ")], 2, "tag 'CONJ': expected one of ADJ ADP"),
    "no tag": ([row("1", tag="_")], 1, "tag '_'"),
    "a lower-case tag": ([row("1", tag="noun")], 1, "tag 'noun'"),
    "an id left out": ([row("1"), row("3")], 2, "id '3' is out of order after word 1"),
    "an id twice": ([row("1"), row("1")], 2, "id '1' is out of order"),
    "ids from 0": ([row("0")], 1, "id '0' is out of order"),
    "no id": ([row("x")], 1, "id 'x' is out of order"),
    "a range too late": ([row("1"), row("1-2", tag="_"), row("2")], 2, "id '1-2' is out of order"),
    "a range backwards": ([row("1"), row("2-1", tag="_")], 2, "id '2-1' is out of order"),
    "ranges that overlap": ([row("1-2", tag="_"), row("1"), row("2-3", tag="_"), row("2"), row("3")], 3, "id '2-3'"),
    "a range cut short": ([row("1-2", tag="_"), row("1")], 2, "ends before word 2"),
    "an empty node too early": ([row("1"), row("2.1")], 2, "id '2.1' is out of order"),
    "an empty word": ([row("1", " ")], 1, "the word is empty"),
    "a word that nobody sees": ([row("1"), row("2", "\u200b\u00ad")], 2, "the word is empty"),
    "fillers alone": ([row("1", "\u3164")], 1, "the word is empty"),
    "a sent_id twice but for what nobody sees": (["# sent_id = a", row("1"), "", "# sent_id = a\u200b", row("1")], 4, "a second sentence with the id a"),
    "no empty line at the end": ([row("1"), "", row("1"), row("2")], 4, "the file ends here, and an empty line is expected"),
    "no words": (["# sent_id = a", "# text = b", "", row("1")], 2, "sentence a has no words"),
    "only empty nodes": ([row("0.1")], 1, "has no words"),
    "a sent_id twice": (["# sent_id = a", row("1"), "", "# sent_id = a", row("1")], 4, "a second sentence with the id a"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_conllu_is_an_error_that_names_the_line(name: str, tmp_path: Path) -> None:
    lines, number, message = BAD[name]
    path = write(tmp_path / "a.conllu", *lines)
    with pytest.raises(InputError) as caught:
        read_conllu(path)
    assert str(caught.value).startswith(f"{path}, line {number}: ") and message in str(caught.value)


def test_not_utf8_and_empty_files(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\n\n1\tM\xfcller\n")
    with pytest.raises(InputError, match="a, line 3: not UTF-8"):
        read_conllu(path)
    path.write_bytes(b"\n\n")
    with pytest.raises(InputError, match="a: no sentences in it"):
        read_conllu(path)


def test_official_splits_are_taken_at_even_distances_and_made_disjoint(tmp_path: Path) -> None:
    folder = tmp_path / "UD_German-GSD"
    treebank(folder / "de_gsd-ud-train.conllu", 0, 50)
    treebank(folder / "de_gsd-ud-dev.conllu", 45, 20)  # 45 to 64
    treebank(folder / "de_gsd-ud-test.conllu", 60, 10)  # 60 to 69
    made, note = splits(tmp_path, "de", {"dev": 5, "test": 100})
    assert numbers(made["test"]) == [*range(60, 70)]
    assert numbers(made["dev"]) == [45, 48, 51, 54, 57]
    assert numbers(made["train"]) == [i for i in range(50) if i not in (45, 48)]
    assert note == "the official splits of UD_German-GSD; 2 train sentences repeat held-out ones and were dropped"
    assert numbers(splits(tmp_path, "de", {"train": 2, "dev": 1, "test": 1})[0]["train"]) == [0, 24]  # of 49


def test_one_file_is_cut_into_blocks_with_gaps(tmp_path: Path) -> None:
    folder = tmp_path / "UD_Arabic-PUD"  # PADT is not there
    treebank(folder / "ar_pud-ud-test.part10.conllu", 80, 20)
    treebank(folder / "ar_pud-ud-test.part2.conllu", 50, 30)
    treebank(folder / "ar_pud-ud-test.part1.conllu", 0, 52)  # 50 and 51 are in part 2 as well
    made, note = splits(tmp_path, "ar", {"dev": 10, "test": 20})
    assert numbers(made["train"]) == [*range(30)]
    assert numbers(made["dev"]) == [*range(30 + GAP, 40 + GAP)]
    assert numbers(made["test"]) == [*range(80, 100)]
    assert note == (
        "not the official splits: UD_Arabic-PUD test alone was cut, in file order, into train, dev and test, with 20 "
        "sentences dropped before dev and before test; 2 repeated sentences were dropped"
    )
    assert numbers(splits(tmp_path, "ar", {"train": 3, "dev": 10, "test": 20})[0]["train"]) == [0, 10, 20]
    whole = "UD_Arabic-PUD test holds 100 different sentences of the lengths wanted: too few for 50 dev and 10"
    with pytest.raises(InputError, match=whole):
        splits(tmp_path, "ar", {"dev": 50, "test": 10})
    # What is not wanted is left out first: however rare it is, dev and test are as large as was asked for.
    few, _ = splits(tmp_path, "ar", {"dev": 10, "test": 5}, lambda sentence: bool(numbers([sentence])[0] % 4))
    assert len(few["dev"]) == 10 and len(few["test"]) == 5 and all(n % 4 for n in numbers(few["dev"] + few["test"]))


def test_the_preferred_treebank_and_the_whole_file_are_taken(tmp_path: Path) -> None:
    treebank(tmp_path / "UD_Arabic-PUD" / "ar_pud-ud-test.conllu", 0, 50)
    treebank(tmp_path / "UD_Arabic-PUD" / "ar_pud-ud-test.part1.conllu", 0, 25)
    assert len(splits(tmp_path, "ar", {"dev": 1, "test": 1})[0]["train"]) == 50 - 2 * GAP - 2
    treebank(tmp_path / "UD_Arabic-PADT" / "ar_padt-ud-dev.conllu", 100, 50)
    assert numbers(splits(tmp_path, "ar", {"dev": 1, "test": 1})[0]["test"]) == [149]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    sizes = {"dev": 1, "test": 1}
    with pytest.raises(InputError) as caught:
        splits(tmp_path, "ar", sizes)
    for wanted in ("UD_Arabic-PADT/ar_padt-ud-*.conllu", "UD_Arabic-PUD/ar_pud-ud-*.conllu"):
        assert str(tmp_path / wanted) in str(caught.value)
    assert "tagging.source.folder" in str(caught.value)
    with pytest.raises(InputError, match="no treebank for 'sw': there are some for en, de"):
        splits(tmp_path, "sw", sizes)
    treebank(tmp_path / "UD_French-GSD" / "fr_gsd-ud-dev.conllu", 0, 9)
    treebank(tmp_path / "UD_French-GSD" / "fr_gsd-ud-test.conllu", 0, 9)
    with pytest.raises(InputError, match="fr_gsd-ud-train.conllu is missing"):
        splits(tmp_path, "fr", sizes)


SENTENCES = {"en": 2002, "de": 799, "fr": 1476, "zh": 500, "pt": 1210, "uk": 672, "ru": 579, "ar": 500}


@pytest.mark.mirror
@pytest.mark.parametrize("code", [own.code for own in LANGUAGES.values() if own.treebanks])
def test_real_treebanks(code: str, mirror: Path) -> None:
    folder = mirror / "ud-treebanks-v2.5"
    (path,) = [p for name, _ in language(code).treebanks for p in (folder / name).glob("*.conllu")]
    sentences = read_conllu(path)
    assert len(sentences) == SENTENCES[code] == len({s.id for s in sentences})
    for sentence in sentences:
        assert {*sentence.tags} <= {*UPOS}
        assert tuple(" ".join(sentence.words).split()) == sentence.words
        assert len(sentence.words) == len(sentence.tags)
    made, note = splits(folder, code, {"dev": 100, "test": 150})
    assert note.startswith(f"not the official splits: {path.parent.name} ")
    assert len(made["dev"]) == 100 and len(made["test"]) == 150 and len(made["train"]) > 150
    every = [s for split in made.values() for s in split]
    assert len(every) == len({s.id for s in every}) == len({s.words for s in every})


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_byte_order_marks_and_line_ends(tmp_path: Path, end: str) -> None:
    path = write(
        tmp_path / "a.conllu",
        "\ufeff# sent_id = x",
        row("1", "\ufeffDas\ufeff"),
        row("2", "a\u2028b"),
        "",
        row("1"),
        "",
        end=end,
    )
    assert [s.words for s in read_conllu(path)] == [("Das", "ab"), ("w",)]
    assert read_conllu(path)[0].id == "x"


def test_ids_are_unique_in_all_parts_of_a_split(tmp_path: Path) -> None:
    folder = tmp_path / "UD_Arabic-PUD"
    for n in (1, 2):
        write(folder / f"ar_pud-ud-test.part{n}.conllu", "# sent_id = a", row("1"), "")
    with pytest.raises(InputError, match=r"part2\.conllu: the id a is one of ar_pud-ud-test\.part1\.conllu"):
        splits(tmp_path, "ar", {"dev": 1, "test": 1})


def test_words_that_were_withheld_are_named(tmp_path: Path) -> None:
    rows = "".join(f"{n}\t_\t_\tNOUN\t_\t_\t0\troot\t_\t_\n" for n in range(1, 31))
    (tmp_path / "x.conllu").write_text(f"{rows}\n")
    with pytest.raises(InputError, match="its words are withheld .* Merge them in with the script that came with"):
        read_conllu(tmp_path / "x.conllu")
