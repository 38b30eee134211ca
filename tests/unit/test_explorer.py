import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from explored import ANSWERS, GIVEN, ITEMS, made, task_files
from prefixyarn.errors import InputError
from prefixyarn.explorer import render
from prefixyarn.explorer.data import Explorer, explore, label
from prefixyarn.metrics.ngrams import CHRF
from prefixyarn.records import Item, Output, System, read_records, write_records
from prefixyarn.systems import NONE, SFT


def answers(found: Explorer, item: str) -> dict[str, dict[str, Any]]:
    """What is shown of an item, by the system's label, with texts instead of their indices."""
    (shown,) = [own for own in found.items if own.id == item]
    return {
        found.systems[a.system]["label"]: {
            "prior": found.texts[a.prior],
            "rest": found.texts[a.rest],
            "score": a.score,
            "off": a.off_target,
            "stop": found.texts[a.stop],
        }
        for a in shown.answers
    }


def test_every_item_has_every_systems_answer(tmp_path: Path) -> None:
    found = made(tmp_path, ["small"])
    assert [own.id for own in found.items] == ["a1", "a2", "a3", "z1", "z2", "t1"] and found.left_out == 0
    assert [[*answers(found, item)] for item in ("a1", "t1")] == [
        ["foundation alone", "refined, 2 tokens", "SFT model"],
        ["foundation alone", "refined, 2 tokens", "SFT model", "refined model", "commonest-tag", "word's-tag"],
    ]
    assert {own.id: found.texts[own.reference] for own in found.items} == {
        item.id: item.target for own in ITEMS.values() for item in own
    }
    assert found.tasks == {"translation": "chrF++", "tagging": "Accuracy"}


def test_an_answer_has_its_prior_score_flag_and_stop(tmp_path: Path) -> None:
    found = made(tmp_path, ["small"])
    alone, given, tuned = answers(found, "a1").values()
    assert given == {"prior": "تم حفظ", "rest": " الملف.", "score": 100.0, "off": False, "stop": "newline"}
    assert (alone["prior"], alone["rest"], alone["off"]) == ("", "The file was saved.", True)
    wanted = CHRF.corpus([ANSWERS["a3"][0]], ["يرجى الانتظار."], "ar")
    assert answers(found, "a3")["foundation alone"]["score"] == round(wanted, 1), "the sentence's own score"
    assert answers(found, "a3")["SFT model"] == {"prior": "", "rest": "", "score": 0.0, "off": None, "stop": "length"}
    tagged = answers(found, "t1")
    assert tagged["refined, 2 tokens"]["score"] == 66.7 and {own["off"] for own in tagged.values()} == {None}


def test_texts_stand_once(tmp_path: Path) -> None:
    found = made(tmp_path, ["small", "large"])
    assert len(found.texts) == len({*found.texts}) and "The file was saved." in found.texts


def test_languages_and_their_directions(tmp_path: Path) -> None:
    found = made(tmp_path, ["small"])
    assert found.languages["ar"] == {"name": "Arabic", "dir": "rtl"} and found.languages["zh"]["dir"] == "ltr"
    sides = [(own["task"], own["name"], own["source"], own["target"]) for own in found.subsets]
    assert sides[0] == ("translation", "en-ar", "en", "ar")
    assert sides[2] == ("tagging", "de", "de", "de"), "tagged words stay in their language"


def test_tokens_are_the_sft_models_own(tmp_path: Path) -> None:
    found = made(tmp_path, ["small", "large"])
    tokens = found.items[0].tokens
    assert [*tokens] == [0, 1] and [(token.text, token.rank) for token in tokens[1]] == [
        (" تم", 7),
        (" حفظ", 2),
        ("\n", 1),
    ]
    assert tokens[0][2].likeliest == [["\n", 0.75], ["،", 0.125]] and found.items[1].tokens == {}


def test_several_foundations_have_systems_of_their_own(tmp_path: Path) -> None:
    found = made(tmp_path, ["small", "large"])
    assert [own["label"] for own in found.foundations] == ["Small (tiny)", "Large (tiny)"]
    assert [found.systems[a.system]["foundation"] for a in found.items[0].answers] == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize(("most", "kept"), [(1000, [3, 2, 1]), (21, [3, 2, 1]), (20, [2, 2, 1]), (1, [1, 1, 1])])
def test_large_runs_keep_the_first_items_of_each_subset(tmp_path: Path, most: int, kept: list[int]) -> None:
    found = made(tmp_path, ["small"], most)
    assert [sum(item.subset == n for item in found.items) for n in range(3)] == kept
    assert found.left_out == 6 - sum(kept) and found.items[0].id == "a1"


def test_a_score_without_its_answer_is_an_error(tmp_path: Path) -> None:
    files = task_files(tmp_path, "translation", ["en-zh"], ["small"])
    path = tmp_path / "decode/en-zh/small"
    write_records(path, [own for own in read_records(path, Output) if own.system != GIVEN or own.item != "z2"])
    with pytest.raises(InputError, match="translation en-zh, small: item z2 .* no answer of refined, 2 tokens"):
        explore("tiny", {"small": "Small"}, [files])


def test_scores_of_other_items_are_an_error(tmp_path: Path) -> None:
    files = task_files(tmp_path, "translation", ["en-zh"], ["small"])
    items = read_records(files.test[0], Item)
    write_records(files.test[0], items[:-1])
    with pytest.raises(InputError, match=r"scores of en-zh are of other items than those of .*Remove the file"):
        explore("tiny", {"small": "Small"}, [files])
    write_records(files.test[0], [])
    with pytest.raises(InputError, match=r": empty, expected a Item record a line"):
        explore("tiny", {"small": "Small"}, [files])


def test_an_answer_in_two_files_is_an_error(tmp_path: Path) -> None:
    files = task_files(tmp_path, "translation", ["en-zh"], ["small"])
    twice = [read_records(files.tuned["small"][0], Output, "en-zh")[0]]
    path = files.outputs["small"][0]
    write_records(path, read_records(path, Output) + twice)
    with pytest.raises(
        InputError, match=rf"two files have an answer of sft zero-shot none to the item '{twice[0].item}'"
    ):
        explore("tiny", {"small": "Small"}, [files])


def test_systems_are_named_for_readers() -> None:
    named = {
        NONE: "foundation alone",
        SFT: "SFT model",
        System("none", "seed 2", model="sft"): "SFT model, seed 2",
        System("pseudo", "likeliest", 1, "token"): "pseudo likeliest, 1 token",
        System("oracle", "", 2, "word", "sft"): "SFT model, oracle, 2 words",
        System("none", prompt="few-shot-4"): "foundation alone, few-shot-4",
        System("none", model="commonest-tag"): "commonest-tag",
    }
    assert {system: label(system) for system in named} == named


def test_the_page_is_whole_and_loads_nothing(tmp_path: Path) -> None:
    found = made(tmp_path, ["small"])
    text = render(found)
    assert not re.search(r"""(src|href)="(?!#|report\.html")""", text) and "url(" not in text and "@import" not in text
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert json.loads(data) == json.loads(json.dumps(asdict(found))), "a text with </script> in it ends nothing"
    assert "default-src 'none'" in text


def test_a_hostile_label_and_text_end_no_script(tmp_path: Path) -> None:
    files = task_files(tmp_path, "translation", ["en-zh"], ["small"])
    hostile = "</script><script>alert(1)</script><!-- & \u2028 ' \" $x$"
    items = read_records(files.test[0], Item)
    write_records(files.test[0], [replace(own, source=hostile) for own in items])
    found = explore("tiny", {"small": hostile}, [files])
    text = render(found)
    assert "<script>alert" not in text and "<!--" not in text and text.count("</script>") == 2
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert hostile in json.loads(data)["texts"] and json.loads(data)["foundations"][0]["label"] == hostile
