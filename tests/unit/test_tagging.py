import random

import numpy as np
import pytest
from seqeval.metrics import f1_score as seqeval_f1
from sklearn.metrics import f1_score

import tiny
from prefixyarn.data.words import cut, tagged, tags_of
from prefixyarn.errors import InputError
from prefixyarn.languages import Direction
from prefixyarn.metrics.continuation import PrefixStripper
from prefixyarn.metrics.language_id import LanguageDetector
from prefixyarn.models.refined import first_unit_accuracy, linear_tagger
from prefixyarn.priors.build import another, build_priors, encoder
from prefixyarn.priors.material import Material
from prefixyarn.prompts import Prompt
from prefixyarn.records import Item, Output, System
from prefixyarn.tasks.scoring import scores
from prefixyarn.tasks.tagging.metrics import as_entities
from prefixyarn.tasks.tagging.scores import baselines
from prefixyarn.tasks.tagging.tags import NAMES, WORDS, constraint, prior_ids, read_tags

TAGGING = scores("tagging")
ACCURACY, MACRO_F1, SEQEVAL_F1 = TAGGING.metrics
tok = tiny.tokenizer()


@pytest.mark.parametrize(
    ("answer", "tags"),
    [
        ("The (determiner) file (noun) ( (punctuation) is (auxiliary)", ["DET", "NOUN", "PUNCT", "AUX"]),
        ("The (DET) file (NOUN) ( (PUNCT) is (AUX)", ["DET", "NOUN", "PUNCT", "AUX"]),
        ("", [None] * 4),
        ("The file is saved.", [None] * 4),
        ("The (determiner) is (auxiliary)", ["DET", None, None, "AUX"]),  # words left out
        ("The (determiner) big (adjective) file (noun)", ["DET", "NOUN", None, None]),  # a word added
        ("the (determiner) file (noun)", [None, "NOUN", None, None]),  # a word changed
        ("The (article) file (noun)", [None, "NOUN", None, None]),  # no name of a tag
        ("The (determiner) file (noun", ["DET", None, None, None]),  # cut off
        ("DET NOUN PUNCT AUX", [None] * 4),
    ],
)
def test_tags_are_read_from_answers(answer: str, tags: list[str | None]) -> None:
    assert read_tags(answer, ["The", "file", "(", "is"]) == tags


def test_tagged_words_and_back() -> None:
    words, tags = ["l'", "(", ")", "a(b", "file"], ["DET", "PUNCT", "PUNCT", "X", "NOUN"]
    for names in NAMES.values():
        text = tagged(words, [names[tag] for tag in tags])
        assert read_tags(text, words) == tags
        assert tags_of(Item("1", " ".join(words), text)) == [names[tag] for tag in tags]
    with pytest.raises(InputError, match="item 1: 2 words, but 1 of them with tags"):
        tags_of(Item("1", "two words", "two (number)"))


def test_cuts_are_of_tagged_words() -> None:
    text = "The (determiner) file (noun) is (auxiliary)"
    assert cut(text, "en", 2, "tag") == "The (determiner) file (noun)"
    assert cut(text, "en", 9, "tag") == text and cut(text, "en", 0, "tag") == "" and cut("none", "en", 2, "tag") == ""
    stripper = PrefixStripper(tok.backend_tokenizer, Direction("de", "en"))
    assert stripper.of_text(text, 2, "tag") == "is (auxiliary)"


def corpora() -> tuple[list[str], list[str], list[list[str | None]], list[list[str]]]:
    """Return answers and references as text, and the tags of both."""
    rng, names = random.Random(1), WORDS
    outputs, references, found, wanted = [], [], [], []
    for n in range(20):
        words = [f"w{n}_{i}" for i in range(rng.randint(1, 8))]
        reference = rng.choices(list(names), k=len(words))
        tags = [rng.choice([tag, tag, rng.choice(list(names)), None]) for tag in reference]
        given = [(word, names[tag]) for word, tag in zip(words, tags, strict=True) if tag]
        outputs.append(" ".join(f"{word} ({name})" for word, name in given))
        references.append(tagged(words, [names[tag] for tag in reference]))
        found.append(tags)
        wanted.append(reference)
    return outputs, references, found, wanted


def test_scores_are_those_of_the_libraries() -> None:
    outputs, references, found, wanted = corpora()
    flat_found, flat_wanted = [t for s in found for t in s], [t for s in wanted for t in s]
    right = sum(a == b for a, b in zip(flat_found, flat_wanted, strict=True))
    assert ACCURACY.corpus(outputs, references, "en") == pytest.approx(100 * right / len(flat_wanted))
    labels = sorted({*flat_wanted, *(t for t in flat_found if t)})
    macro = f1_score(flat_wanted, [t or "none" for t in flat_found], average="macro", labels=labels)
    assert MACRO_F1.corpus(outputs, references, "en") == pytest.approx(100 * macro)
    entities = seqeval_f1([as_entities(s) for s in wanted], [as_entities(s) for s in found])
    assert SEQEVAL_F1.corpus(outputs, references, "en") == pytest.approx(100 * entities)


def test_seqeval_would_merge_plain_tags() -> None:
    # Four words of three tags, all right but one: fed plainly, seqeval sees other entities.
    wanted, found = ["NOUN", "NOUN", "VERB", "DET"], ["NOUN", "NOUN", "VERB", "NOUN"]
    with pytest.warns(UserWarning):
        plain = seqeval_f1([wanted], [found])
    fed = seqeval_f1([as_entities(wanted)], [as_entities(found)])
    assert fed == pytest.approx(0.75) != pytest.approx(plain)


def test_resamples_are_weighted_sums() -> None:
    outputs, references, _, _ = corpora()
    counts = np.random.default_rng(1).multinomial(len(outputs), [1 / len(outputs)] * len(outputs), size=3)
    for metric in TAGGING.metrics:
        resampled = metric.score(counts @ metric.items(outputs, references, "en").statistics)
        for row, value in zip(counts, resampled, strict=True):
            drawn = [i for i, n in enumerate(row) for _ in range(n)]
            expected = metric.corpus([outputs[i] for i in drawn], [references[i] for i in drawn], "en")
            assert value == pytest.approx(expected)


def item(words: str, tags: str, id_: str = "1") -> Item:
    return Item(id_, words, tagged(words.split(), [WORDS[tag] for tag in tags.split()]))


FILE = item("The file ( saved ) .", "DET NOUN PUNCT VERB PUNCT PUNCT")


def test_the_form_has_the_words_and_asks_for_tags() -> None:
    own = constraint(FILE, tok.backend_tokenizer)
    assert len(own.pieces) == 7 and len(own.choices) == 17
    filled = prior_ids(own, FILE.target, FILE.source.split()) + own.pieces[-1]
    assert tok.decode(filled) == " " + FILE.target
    half = prior_ids(own, "The (determiner) file (noun)", FILE.source.split())
    assert tok.decode(half) == " The (determiner) file (noun"
    assert own.allowed(half) == own.pieces[2][:1]
    # What an answer gets wrong ends the prior that is made of it.
    assert tok.decode(prior_ids(own, "The (article) file (noun)", FILE.source.split())) == ""
    with pytest.raises(InputError, match="not all names of tags of one kind"):
        constraint(Item("1", "a b", "a (noun) b (VERB)"), tok.backend_tokenizer)


def test_priors_of_all_kinds() -> None:
    other = item("Yes we can", "INTJ PRON AUX", "2")
    systems = [
        System("none"),
        System("none", "free"),
        System("oracle", "free", 1, "tag"),
        System("random", "draw-1", 2, "tag"),
    ]
    systems += [System(kind, "", 2, "tag") for kind in ("oracle", "refined", "sft", "shuffled")]
    direction, items = Direction("de", "en"), [FILE, other]
    prompts = {"zero-shot": Prompt("p", "Sentence: {source}\nTagged:")}
    said = {"1": "The (determiner) file (symbol)", "2": "no such words (noun)"}
    material = Material(
        direction=direction,
        train=[FILE],
        seed=1,
        encode=lambda text: (),
        decode=str,
        word_tokens=len,
        others=another(items, 1),
        refined={"1": "The (verb) file (verb) (", "2": other.target},
        sft={key: Output.without_ids(key, text, "sft") for key, text in said.items()},
    )
    constraints = {item.id: constraint(item, tok.backend_tokenizer) for item in items}
    encode = encoder(tok, prompts["zero-shot"].join(direction))
    priors = build_priors(items, systems, prompts, tok, encode, material, constraints)
    texts = {(p.item, p.kind, p.variant): p.text for p in priors}
    assert texts["1", "none", ""] == texts["1", "none", "free"] == ""
    assert texts["1", "oracle", ""] == "The (determiner) file (noun)"
    assert texts["1", "oracle", "free"] == "The (determiner)"
    assert texts["1", "refined", ""] == "The (verb) file (verb)"
    assert texts["1", "sft", ""] == "The (determiner) file (symbol)"
    assert texts["1", "shuffled", ""] == "The (interjection) file (pronoun)", "another's tags on its own words"
    assert set(texts["1", "random", "draw-1"].split()[1::2]) <= {"(determiner)", "(noun)", "(punctuation)", "(verb)"}
    ids = {(p.item, p.kind, p.variant): p.ids for p in priors}
    assert tok.decode(ids["1", "oracle", ""]) == " The (determiner) file (noun"  # the constraint goes on
    assert tok.decode(ids["1", "oracle", "free"]) == " The (determiner)"
    assert ids["2", "sft", ""] == []
    assert {p.item: p.covers for p in priors if p.kind == "oracle" and not p.variant} == {"1": False, "2": False}


def test_baselines() -> None:
    train = [item("the file the house", "DET NOUN DET NOUN"), item("run the run run", "VERB DET NOUN VERB")]
    test = [item("The run fails", "DET NOUN VERB")]
    outputs = {o.model: o.text for o in baselines(train, test)}
    assert outputs["commonest-tag"] in (
        "The (determiner) run (determiner) fails (determiner)",
        "The (noun) run (noun) fails (noun)",
    )
    assert outputs["word's-tag"].startswith("The (determiner) run (verb) fails (")
    assert TAGGING.constant in outputs and not scores("translation").constant
    (note,) = [note for note in TAGGING.notes({"source": {"kind": "treebanks"}}) if note.startswith("uninformative")]
    assert f"`{TAGGING.constant}`" in note


def test_what_is_wrong_with_an_answer() -> None:
    def output(text: str, stop: str = "newline") -> Output:
        none = System("none")
        return Output("1", none.kind, "", 0, "", none.model, none.prompt, [], [], text, text, text, stop, 1)

    detector = LanguageDetector(["en"])
    found = TAGGING.error_types(FILE, output("The (determiner) file (noun)", "length"), "en", detector)
    assert found == {"unparsable": pytest.approx(4 / 6), "length_mismatch": True, "truncated": True, "empty": False}
    assert TAGGING.error_types(FILE, output(FILE.target), "en", detector)["unparsable"] == 0


def test_the_linear_tagger_learns(tmp_path) -> None:  # type: ignore[no-untyped-def]
    rng = random.Random(1)
    vocabulary = {
        "das": "DET",
        "ein": "DET",
        "Haus": "NOUN",
        "Auto": "NOUN",
        "fährt": "VERB",
        "steht": "VERB",
        ".": "PUNCT",
    }

    def sentences(n: int) -> list[Item]:
        made = []
        for i in range(n):
            words = [rng.choice(["das", "ein"]), rng.choice(["Haus", "Auto"]), rng.choice(["fährt", "steht"]), "."]
            made.append(item(" ".join(words), " ".join(vocabulary[w] for w in words), str(i)))
        return made

    assert linear_tagger.train({"de": sentences(30)}, {}, {"seed": 1}, "", tmp_path, tmp_path) > 0
    test = sentences(5)
    texts, whole = linear_tagger.predict(tmp_path, "de", test, 8)
    assert whole and texts == [i.target for i in test] and first_unit_accuracy(texts, test, "en") == 1
    wrong = [t.replace("(determiner)", "(noun)") for t in texts]
    assert first_unit_accuracy(wrong, test, "en") == 0
    with pytest.raises(InputError, match="trained on de, not on fr"):
        linear_tagger.predict(tmp_path, "fr", test, 8)
    with pytest.raises(InputError, match="5 training sentences in de are too few"):
        linear_tagger.train({"de": test}, {}, {"seed": 1}, "", tmp_path, tmp_path)
