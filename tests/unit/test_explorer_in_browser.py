"""The explorer in headless Chromium: what a reader sees and does.

Needs playwright (`pip install prefixyarn[browser]`) and a Chromium on the path; axe-core's folder node_modules is named
by the environment variable AXE.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import explored

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="no chromium on the path")]
AXE = Path(os.environ.get("AXE", "no-such-folder")) / "axe-core/axe.min.js"
LINK = "translation/en-ar/a1"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as own:
        started = own.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("explored")


@pytest.fixture
def page(browser: Any, folder: Path) -> Iterator[Any]:
    """The page of a run with one foundation, 1280 wide; errors and requests for anything else fail the test."""
    yield from opened(browser, explored.page(folder / "one", "small"))


@pytest.fixture
def both(browser: Any, folder: Path) -> Iterator[Any]:
    """The same with two foundations."""
    yield from opened(browser, explored.page(folder / "two", "small", "large"))


def opened(browser: Any, path: Path) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    own, bad = context.new_page(), []
    own.on("pageerror", lambda error: bad.append(str(error)))
    own.on("console", lambda message: bad.append(message.text) if message.type == "error" else None)
    own.on(
        "request", lambda request: bad.append(request.url) if request.url.partition("#")[0] != path.as_uri() else None
    )
    own.goto(path.as_uri())
    yield own
    assert bad == []
    context.close()


def listed(page: Any) -> list[str]:
    """The ids of the items in the list, in its order."""
    return [link.get_attribute("href").rpartition("/")[2] for link in page.query_selector_all("#list a")]


def shown(page: Any) -> list[str]:
    """The systems whose answers are in sight."""
    return page.locator(".answers:not(details .answers) .head b").all_text_contents()


def test_it_opens_at_the_first_item_with_all_answers(page: Any) -> None:
    assert page.inner_text("#count") == "6 of 6 items" and listed(page) == ["a1", "a2", "a3", "z1", "z2", "t1"]
    assert page.inner_text("#title") == "translation, en-ar, a1"
    assert shown(page) == ["foundation alone", "refined, 2 tokens", "SFT model"]
    assert page.locator(".answers mark.prior").all_text_contents() == ["prior: تم حفظ (end of the prior) "]
    first = page.locator(".answers li").first.inner_text()
    assert "✗ off target" in first and "ended by newline" in first and "chrF++ " in first
    assert page.locator("#of-foundation").is_hidden(), "there is but one"


def test_filters(page: Any) -> None:
    page.select_option("#task", "tagging")
    assert listed(page) == ["t1"] and page.locator("#subset option").all_text_contents() == ["all", "de"]
    page.select_option("#task", "translation")
    page.select_option("#subset", "en-zh")
    assert listed(page) == ["z1", "z2"]
    page.select_option("#subset", "")
    page.select_option("#language", "off")
    assert listed(page) == ["a1", "a2", "z1"], "some answer is in another language"
    assert shown(page) == ["foundation alone"], "the answers that the filter is about"
    assert page.inner_text("summary") == "The 2 others"
    page.select_option("#system", label="SFT model")
    assert listed(page) == [] and page.inner_text("#count") == "0 of 6 items"
    page.select_option("#language", "on")
    assert listed(page) == ["a1", "a2", "z1", "z2"], "of an empty answer it cannot be told"
    page.fill("#text", "MENU")
    assert listed(page) == ["a2"]
    page.click("text=Clear all")
    playwright.expect(page.locator("#list a")).to_have_count(6)
    assert page.input_value("#system") == "" and page.input_value("#task") == ""


def test_order_by_score_and_by_gain(page: Any) -> None:
    page.select_option("#task", "translation")
    assert page.is_disabled("#first") and page.is_disabled("#second")
    page.select_option("#order", "score-down")
    assert page.locator("#first option:checked").inner_text() == "refined, 2 tokens", "unless the reader chooses"
    values = [float(text) for text in page.locator("#list b").all_text_contents()]
    assert (
        values == sorted(values, reverse=True) and values[:2] == [100.0, 100.0] and {*listed(page)[:2]} == {"a1", "z1"}
    )
    page.select_option("#order", "gain-up")
    gains = page.locator("#list b").all_text_contents()
    values = [float(text.replace("−", "-")) for text in gains]
    assert values == sorted(values) and gains[0].startswith("−") and listed(page)[0] == "a3", "it lost by its prior"
    page.select_option("#language", "off")
    page.click('#list a[href$="a1"]')
    assert shown(page) == ["foundation alone", "refined, 2 tokens"], "what is compared stays in sight"
    page.select_option("#language", "")
    page.select_option("#second", label="SFT model")
    assert page.inner_text("#count").endswith("by the gain of “refined, 2 tokens” over “SFT model”")
    assert listed(page)[-1] == "a3", "the SFT model said nothing there"
    page.select_option("#task", "")
    page.select_option("#order", "score-up")
    page.select_option("#first", label="commonest-tag")
    assert listed(page) == ["t1"], "items without an answer of it have no place"


def test_links(page: Any) -> None:
    page.click('#list a[href$="z2"]')
    assert page.url.endswith("#translation/en-zh/z2") and page.inner_text("#title") == "translation, en-zh, z2"
    assert page.evaluate("document.activeElement.id") == "title" and "z2" in page.title()
    assert page.locator("#list a[aria-current]").count() == 1
    page.select_option("#task", "tagging")
    assert page.inner_text("#title") == "translation, en-zh, z2", "what was linked stays"
    page.select_option("#task", "")
    page.click("text=Next")
    assert page.inner_text("#title") == "tagging, de, t1"
    page.go_back()
    assert page.inner_text("#title") == "translation, en-zh, z2"
    page.goto(page.url.partition("#")[0] + "#translation/en-ar/a3")
    page.reload()
    assert page.inner_text("#title") == "translation, en-ar, a3"


def test_directions_and_languages(page: Any) -> None:
    source, reference = page.locator("dd").all()
    assert (source.get_attribute("lang"), source.get_attribute("dir")) == ("en", "ltr")
    assert (reference.get_attribute("lang"), reference.get_attribute("dir")) == ("ar", "rtl")
    ways = "elements => elements.map((own) => [own.lang, getComputedStyle(own).direction])"
    assert page.eval_on_selector_all(".answers .text", ways) == [["", "ltr"], ["ar", "rtl"], ["ar", "rtl"]]
    page.goto(page.url.partition("#")[0] + "#translation/en-zh/z1")
    assert page.eval_on_selector_all(".answers .text", ways)[2] == ["zh", "ltr"]


def test_tokens_tell_the_foundations_likeliest(page: Any) -> None:
    tokens = page.locator(".token")
    assert [(own.inner_text().strip(), own.get_attribute("class")) for own in tokens.all()] == [
        ("تم", "token shifted"),
        ("حفظ", "token marginal"),
        ("⏎", "token unshifted"),
    ]
    assert tokens.first.get_attribute("aria-label") == "␣تم: shifted, rank 7"
    tokens.nth(1).hover()
    panel = page.locator(".panel")
    assert "is marginal: rank 2" in panel.inner_text()
    rows = [row.split() for row in panel.locator("li").all_inner_texts()]
    assert rows == [["1.", "␣إنشاء", "50.0", "%"], ["2.", "␣حفظ", "25.0", "%"]]
    assert panel.locator(".chosen").inner_text().startswith("2.")
    tokens.first.focus()
    assert "rank 7" in panel.inner_text()
    page.keyboard.press("ArrowLeft")  # forward, in Arabic
    page.keyboard.press("ArrowLeft")
    assert "“⏎” is unshifted" in panel.inner_text()
    page.keyboard.press("Home")
    assert "rank 7" in panel.inner_text()
    tokens.nth(1).click()
    assert page.eval_on_selector_all(".token", "own => own.map((one) => one.tabIndex)") == [-1, 0, -1]
    page.keyboard.press("Tab")
    assert page.evaluate("!document.activeElement.matches('.token')"), "one stop of the tab key for all tokens"
    page.goto(page.url.partition("#")[0] + "#translation/en-ar/a2")
    assert page.locator(".token").count() == 0, "the analysis did not read this one"


def test_marks_differ_without_colour(page: Any) -> None:
    style = "own => [getComputedStyle(own).textDecorationLine, getComputedStyle(own).textDecorationStyle]"
    marks = [tuple(page.eval_on_selector(f".token.{kind}", style)) for kind in ("shifted", "marginal", "unshifted")]
    assert marks == [("underline", "double"), ("underline", "dashed"), ("none", "solid")]
    border = "own => getComputedStyle(own).borderBottomWidth"
    assert page.eval_on_selector(".answers .prior", border) == "2px"


def test_copy_as_json(page: Any) -> None:
    page.click("#copy")
    page.wait_for_selector("text=Copied.")
    own = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert (own["task"], own["subset"], own["id"], own["reference"]) == ("translation", "en-ar", "a1", "تم حفظ الملف.")
    given = own["answers"][1]
    assert given["system"] | {"prompt": ""} == {
        **{"kind": "refined", "variant": "", "k": 2, "unit": "token", "model": "foundation"},
        "prompt": "",
    }
    assert (given["prior"], given["rest"], given["score"], given["off_target"]) == ("تم حفظ", " الملف.", 100, False)
    assert own["sft_tokens"]["small"][1] == {
        "text": " حفظ",
        "rank": 2,
        "likeliest": [[" إنشاء", 0.5], [" حفظ", 0.25]],
    }


def test_where_a_browser_does_not_copy_the_reader_can(page: Any) -> None:
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    page.click("#copy")
    assert json.loads(page.input_value("textarea"))["id"] == "a1"


def test_several_foundations(both: Any) -> None:
    assert shown(both)[0] == "small: foundation alone" and len(shown(both)) == 6
    both.select_option("#foundation", label="Large (tiny)")
    assert shown(both) == [f"large: {own}" for own in ("foundation alone", "refined, 2 tokens", "SFT model")]
    assert len(both.locator("#system option").all()) == 1 + 6 and both.locator(".tokens").count() == 2


@pytest.mark.skipif(not AXE.exists(), reason="AXE names no folder node_modules with axe-core in it")
@pytest.mark.parametrize("width", [1280, 400])
def test_no_violation_of_accessibility(page: Any, both: Any, width: int) -> None:
    for own in (page, both):
        own.set_viewport_size({"width": width, "height": 900})
        own.add_script_tag(content=AXE.read_text(encoding="utf-8"))
        for address in (LINK, "translation/en-zh/z1", "tagging/de/t1"):
            own.evaluate("address => { location.hash = address; }", address)
            own.select_option("#language", "off" if address == LINK else "")
            own.select_option("#order", "gain-up" if address == LINK else "")
            if address == LINK:
                own.focus(".token")
                own.click("summary")
            found = own.evaluate("async () => (await axe.run()).violations.map((own) => [own.id, own.nodes[0].html])")
            assert found == [], (width, address)


def test_narrow_screens_have_nothing_beside_them(page: Any) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    for item in ("translation/en-ar/a1", "tagging/de/t1"):
        page.evaluate("item => { location.hash = item; }", item)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
