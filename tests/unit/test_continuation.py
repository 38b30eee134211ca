from dataclasses import asdict

import tiny
from prefixyarn.languages import Direction
from prefixyarn.metrics.continuation import PrefixStripper
from prefixyarn.records import Output, System

tok = tiny.tokenizer()


def output(system: System, prior: str, new: str) -> Output:
    prior_ids, new_ids = (tok(text, add_special_tokens=False).input_ids if text else [] for text in (prior, new))
    text = (new if system.kind == "language-tag" else prior + new).strip()
    return Output(
        "i",
        **asdict(system),
        prior_ids=prior_ids,
        new_ids=new_ids,
        raw="",
        text=text,
        continuation="",
        stop="",
        new_tokens=0,
    )


def test_the_given_tokens_are_taken_off() -> None:
    stripper = PrefixStripper(tok.backend_tokenizer, Direction("en", "de"))
    seeded = output(System("oracle", "", 1, "token"), " Die Datei", " wurde gespeichert.\n")
    given = len(seeded.prior_ids)
    assert stripper.of_output(seeded, given, "token") == "wurde gespeichert."
    assert stripper.of_output(seeded, 0, "token") == "Die Datei wurde gespeichert."
    assert stripper.of_output(seeded, 99, "token") == ""
    assert stripper.of_output(seeded, 2, "word") == "wurde gespeichert."


def test_line_breaks_before_an_answer_are_no_tokens_of_it() -> None:
    stripper = PrefixStripper(tok.backend_tokenizer, Direction("en", "de"))
    plain, broken = (output(System("none"), "", text) for text in (" Die Datei wurde.\n", "\n\n Die Datei wurde.\n"))
    for k in (1, 2, 3):
        assert stripper.of_output(plain, k, "token") == stripper.of_output(broken, k, "token")
        assert stripper.of_output(plain, k, "token") == stripper.of_text("Die Datei wurde.", k, "token")


def test_a_tag_is_no_part_of_the_answer() -> None:
    stripper = PrefixStripper(tok.backend_tokenizer, Direction("en", "de"))
    tagged = output(System("language-tag", "native-name"), " Deutsch:", " Die Datei\n")
    assert stripper.of_output(tagged, 0, "token") == "Die Datei"
    assert stripper.of_output(tagged, 1, "word") == "Datei"


def test_text_without_ids_and_chinese() -> None:
    stripper = PrefixStripper(tok.backend_tokenizer, Direction("en", "zh"))
    whole = output(System("none", model="refined"), "", "")
    whole = Output(**{**asdict(whole), "text": "用户可以删除文件"})
    assert stripper.of_output(whole, 1, "word") == stripper.of_text("用户可以删除文件", 1, "word") == "可以删除文件"
    assert stripper.of_output(whole, 1, "token") == stripper.of_text("用户可以删除文件", 1, "token")
