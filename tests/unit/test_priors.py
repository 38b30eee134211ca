import random
from collections import Counter
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pytest

import tiny
from prefixyarn.data.words import cut_words, is_function_word, words
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction
from prefixyarn.models.tokenizer import answer_ids
from prefixyarn.priors.build import another, build_priors, encoder
from prefixyarn.priors.dictionary import pseudo_candidates, pseudo_word, salient_words
from prefixyarn.priors.matched_words import RandomWords
from prefixyarn.priors.material import Material, PriorText
from prefixyarn.priors.registry import KINDS, TAGS, TEXT, known
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Output, Prior, System

EN_DE = Direction("en", "de")
LEXICON = {
    "the": [("die", 0.6), ("der", 0.4)],
    "file": [("datei", 0.7), ("akte", 0.3)],
    "name": [("name", 1.0)],
}
tok = tiny.tokenizer()
PROMPT = Prompt("labels", "{source_language}: {source}\n{target_language}:")


@pytest.mark.parametrize(
    ("source", "text", "origin"),
    [
        (
            "The file has a name.",
            "Datei",
            "file -> datei (0.70)",
        ),  # first content word, likeliest translation
        (
            "The weblog of the file.",
            "Datei",
            "file -> datei (0.70)",
        ),  # an unknown content word is passed over
        ("The weblog is down.", "Die", "The -> die (0.60)"),  # no content word is known: any known word
        ("Weblogs are down.", "Weblogs", "Weblogs (no entry)"),  # nothing is known: the content word itself
        ("Is it of him?", "Is", "Is (no entry)"),  # not even a content word
        ("the file is here.", "datei", "file -> datei (0.70)"),  # no capital where the source has none
        ("1 + 1", "", " (no entry)"),
    ],
)
def test_pseudo_rule(source: str, text: str, origin: str) -> None:
    found = pseudo_word(source, EN_DE, LEXICON)
    assert (found.text, found.origin) == (text, origin)


@pytest.mark.parametrize(
    ("text", "code", "k", "cut"),
    [
        ("Die Datei wurde, ja.", "de", 1, "Die"),
        ("Die Datei wurde, ja.", "de", 3, "Die Datei wurde"),
        ("Die Datei.", "de", 9, "Die Datei"),
        ("L'utilisateur a", "fr", 1, "L'"),
        ("L'utilisateur a", "fr", 2, "L'utilisateur"),
        ("用户可以删除", "zh", 1, "用户"),
        ("«Ja», sagt er", "de", 1, "«Ja"),
    ],
)
def test_cut_words(text: str, code: str, k: int, cut: str) -> None:
    assert cut_words(text, code, k) == cut


def test_random_words_match_in_class_count_and_frequency() -> None:
    targets = [g for _, g, _ in tiny.parallel(seed=1, n=300)]
    pool = RandomWords(targets, "de", len)  # here a word's "tokens" are its characters
    frequency = Counter(w.lower() for t in targets for w in words(t, "de"))
    for function in (True, False):
        drawn = {pool.draw("Datei", function, random.Random(n)) for n in range(50)}
        assert len(drawn) > (0 if function else 1)
        counts = {len(w) for w in drawn}
        possible = {len(w) for w in frequency if is_function_word(w, "de") == function and w != "datei"}
        assert counts == {min(possible, key=lambda n: abs(n - 5))}
        for word in drawn:
            assert word[0].isupper() and word.lower() != "datei"
            assert word.lower() in frequency and is_function_word(word, "de") == function


def test_random_words_are_among_the_nearest_in_frequency() -> None:
    # Content words of one token, seen 1, 2, 4, … 2^15 times; the ten nearest to 2^3 (itself left out) are drawn.
    names = [f"baum{chr(97 + n) * 3}" for n in range(16)]
    targets = [" ".join([name] * 2**n) for n, name in enumerate(names)]
    pool = RandomWords(targets, "de", lambda word: 1)
    drawn = {pool.draw(names[3], False, random.Random(n)) for n in range(300)}
    assert drawn == set(names[:11]) - {names[3]}
    assert pool.draw(names[3].capitalize(), False, random.Random(1))[0] == "B"


def test_names_in_a_foreign_script_are_no_random_words() -> None:
    pool = RandomWords(["用户 PayPal 文件", "文件 列表 PayPal", "PayPal 页面"], "zh", len)
    assert {pool.draw("页面", False, random.Random(n)) for n in range(50)} == {"用户", "文件", "列表"}


TARGETS = [g for _, g, _ in tiny.parallel(1, 200)]
ITEMS = [Item(str(n), e, g) for n, (e, g, _) in enumerate(tiny.parallel(2, 6))]
TRAIN = [Item(str(n), e, g) for n, (e, g, _) in enumerate(tiny.parallel(1, 200))]
SHOT = replace(PROMPT, shots=(("The file was saved.", "Die Datei wurde gespeichert."),))


def sft_output(item: Item, text: str) -> Output:
    ids = answer_ids(tok, PROMPT.fill(item.source, EN_DE), " ", text + "\n")
    own = System("none", model="sft")
    return Output(
        item.id,
        **asdict(own),
        prior_ids=[],
        new_ids=ids,
        raw=text,
        text=text,
        continuation=text,
        stop="newline",
        new_tokens=len(ids),
    )


def _build(systems: list[System], seed: int = 1, items: list[Item] = ITEMS) -> list[Prior]:
    encode = encoder(tok, PROMPT.join(EN_DE))
    material = Material(
        direction=EN_DE,
        train=TRAIN,
        seed=seed,
        encode=partial(encode, PROMPT.fill("A", EN_DE)),
        decode=lambda ids: str(tok.decode(ids)),
        word_tokens=lambda word: len(tok.tokenize(word)),
        others=another(items[:4], seed) | another(items[4:], seed),
        lexicon=LEXICON,
        likeliest={item.id: PriorText("Akte", "likeliest") for item in items},
        own={
            item.id: PriorText("Das", "own", (*answer_ids(tok, PROMPT.fill("A", EN_DE), " ", "Das"),)) for item in items
        },
        refined={item.id: "Eine Seite" for item in items},
        matched={item.id: "Die Seite" for item in items},
        sft={item.id: sft_output(item, f"Wort für {item.id}") for item in items},
        given={item.id: "Wort" for item in items},
    )
    prompts = {"zero-shot": PROMPT, "few-shot-1": SHOT}
    return build_priors(items, systems, prompts, tok, encode, material, dict.fromkeys(item.id for item in items))


def test_an_unknown_kind_is_refused_and_never_made() -> None:
    for kind in ("psuedo", "random"):  # the second is a kind of tags
        with pytest.raises(
            InputError, match=f"no prior kind '{kind}' for answers that are text; there are none, own, ps"
        ):
            _build([System(kind, "", 1, "token")])


def test_every_kind_is_made_and_explained() -> None:
    systems = [System(name, KINDS[name].variants_of(1)[0], 1, "word") for name in KINDS if TEXT in KINDS[name].make]
    assert {prior.kind for prior in _build(systems)} == {name for name in KINDS if TEXT in KINDS[name].make}
    assert known(TAGS) == ["none", "refined", "refined-matched", "sft", "oracle", "random", "shuffled"]
    root = Path(__file__).resolve().parents[2]
    method, readme = ((root / name).read_text() for name in ("docs/method.md", "config/README.md"))
    for name in {*known(TEXT), *known(TAGS)}:
        assert f"`{name}`" in method, f"docs/method.md does not explain {name}"
        assert f"`{name}`" in readme, f"config/README.md does not name {name}"


def test_priors_are_what_their_kind_says() -> None:
    kinds = ["pseudo", "oracle", "random-function", "random-content"]
    systems = [System("none"), *(System(kind, "first", k, "token") for kind in kinds for k in (1, 3))]
    priors = _build(systems)
    assert [p.system for p in priors[: len(systems)]] == systems
    items = {item.id: item for item in ITEMS}
    for prior in priors:
        item = items[prior.item]
        if prior.kind == "none":
            assert prior.ids == [] and prior.text == "" and not prior.covers
            continue
        if prior.kind == "oracle":
            assert prior.text == item.target
        if prior.kind.startswith("random"):
            assert is_function_word(prior.text, "de") == (prior.kind == "random-function")
        assert prior.ids == answer_ids(tok, PROMPT.fill(item.source, EN_DE), " ", prior.text)[: prior.k]
        assert 1 <= len(prior.ids) <= prior.k


def test_oracle_without_units_is_none() -> None:
    assert all(prior.ids == [] for prior in _build([System("oracle", "", 0, "token"), System("oracle", "", 0, "word")]))


@pytest.mark.parametrize(
    ("system", "text"),
    [
        (System("pseudo", "likeliest", 9, "token"), "Akte"),
        (System("refined", "", 2, "word"), "Eine Seite"),
        (System("refined", "", 1, "word"), "Eine"),
        (System("language-tag", "native-name"), "Deutsch:"),
        (System("language-tag", "code"), "[de]"),
        (System("oracle", "", 1, "word", model="sft"), None),
        (System("pseudo", "likeliest", 9, "token", prompt="few-shot-1"), "Akte"),
    ],
)
def test_given_texts(system: System, text: str | None) -> None:
    for item, prior in zip(ITEMS, _build([system]), strict=True):
        expected = cut_words(item.target, "de", 1) if text is None else text
        assert prior.text == expected
        assert prior.ids == answer_ids(tok, PROMPT.fill(item.source, EN_DE), " ", expected)
        assert prior.system == system


def test_sft_priors_are_the_ids_of_the_sft_model() -> None:
    for item, one, all_, word in zip(
        ITEMS,
        _build([System("sft", "", 2, "token")]),
        _build([System("sft", "", 99, "token")]),
        _build([System("sft", "", 2, "word")]),
        strict=True,
    ):
        ids = sft_output(item, f"Wort für {item.id}").new_ids
        assert one.ids == ids[:2] and all_.ids == ids and "\n" in tok.decode(ids[-1])
        assert word.ids == ids[: len(word.ids)] and tok.decode(word.ids).strip() == "Wort für"


def test_shuffled_is_another_items_reference_of_the_same_domain() -> None:
    priors = _build([System("shuffled", "", 99, "token")])
    for domain in (priors[:4], priors[4:]):
        own = [item.target for item in ITEMS if item.id in {p.item for p in domain}]
        assert sorted(p.text for p in domain) == sorted(own)
        assert all(p.text != own[n] for n, p in enumerate(domain))


def test_fixed_is_the_commonest_opening_of_training_targets() -> None:
    openings = Counter(" ".join(target.split()[:2]) for target in TARGETS)
    [text] = {p.text for p in _build([System("fixed", "", 2, "word")])}
    assert openings[text] == max(openings.values())
    ids = Counter(tuple(answer_ids(tok, PROMPT.fill("A", EN_DE), " ", target)[:2]) for target in TARGETS)
    [own] = {tuple(p.ids) for p in _build([System("fixed", "", 2, "token")])}
    assert ids[own] == max(ids.values())


def test_a_prior_as_long_as_the_reference_covers_it() -> None:
    for item in ITEMS:
        n = len(answer_ids(tok, PROMPT.fill(item.source, EN_DE), " ", item.target))
        covered = {
            k: {p.item: p.covers for p in _build([System("oracle", "", k, "token")])}[item.id] for k in (n - 1, n)
        }
        assert covered == {n - 1: False, n: True}


def test_pseudo_candidates_are_all_translations_content_words_first() -> None:
    assert pseudo_candidates("The file has a name.", EN_DE, LEXICON) == ["Datei", "Akte", "Die", "Der", "Name"]
    assert pseudo_candidates("Weblogs are down.", EN_DE, LEXICON) == ["Weblogs"]
    assert pseudo_candidates("1 + 1", EN_DE, LEXICON) == []


def test_words_as_units() -> None:
    for prior in _build([System("oracle", "", 2, "word")]):
        assert len(words(prior.text, "de")) == 2
        assert tok.decode(prior.ids).strip() == prior.text


def test_random_priors_are_seeded_per_item_and_draw() -> None:
    systems = [System("random-content", f"draw-{n}", 9, "token") for n in (1, 2)]
    first, again, other = _build(systems), _build(systems), _build(systems, seed=2)
    assert first == again and first != other
    assert [p.text for p in first[0::2]] != [p.text for p in first[1::2]]
    # An item's prior does not depend on the other systems.
    assert _build(systems[1:]) == first[1::2]


def test_the_most_salient_word_comes_first() -> None:
    train = ["The program edits text.", "The program plays music.", "A program shows images."]
    rank = salient_words(train, "en")
    source = "foo is a program. The program edits music, and foo music."
    content = ["foo", "program", "program", "edits", "music", "foo", "music"]
    # In training: foo 0 of 3, edits 1, music 1, program 3 of 3. Counts here 2, 1, 2, 2.
    assert rank(content) == ["foo", "music", "edits", "program"]
    lexicon = {"program": [("Programm", 1.0)], "music": [("Musik", 0.9)], "edits": [("bearbeitet", 1.0)]}
    direction = Direction("en", "de")
    assert pseudo_word(source, direction, lexicon, rank).text == "Musik"
    assert pseudo_word(source, direction, lexicon).text == "Programm"
