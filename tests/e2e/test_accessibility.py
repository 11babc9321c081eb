"""The page for those who hear it, or use no mouse: axe-core's rules, and the way of the Tab key."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.conftest import App
from tests.e2e.test_page import tab, visit

pytestmark = pytest.mark.browser
GRAVE = ("serious", "critical")
PARTS = ("confusion", "trust")


def grave(page: Page) -> list[str]:
    """What is found in either shade; the page is left in the one that it had."""
    found = []
    for _ in range(2):
        found += Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        page.locator("#shade").click()
        page.evaluate("() => Promise.all(document.getAnimations().map((fading) => fading.finished))")
    return [f"{one['id']}: {node['html'][:200]}" for one in found if one["impact"] in GRAVE for node in one["nodes"]]


def test_nothing_stands_in_the_way_of_a_screen_reader_or_weak_eyes(page: Page, app: App):
    visit(page, app)
    expect(page.locator("#classify-examples button[aria-label]")).not_to_have_count(0)
    assert grave(page) == []
    tab(page, "Fine-tune")
    page.locator("#finetune-samples").click()
    page.locator("#finetune-more button").first.click()
    expect(page.locator("#finetune-report")).to_contain_text("to learn from")
    expect(page.locator("#finetune-start")).to_have_css("opacity", "1")  # it fades in when there is a plan
    assert grave(page) == []
    tab(page, "Results")
    expect(page.locator("#results-headline")).to_contain_text("checked pictures")
    for part in PARTS:
        page.locator(f"#results-part-{part}-button").click()
        expect(page.locator(f"#results-part-{part}")).to_be_visible()
        assert grave(page) == []


def test_the_tab_key_leads_through_a_start_in_order(page: Page, app: App):
    visit(page, app)
    tab(page, "Fine-tune")
    page.locator("#finetune-samples").click()
    expect(page.locator("#finetune-start")).to_be_enabled()
    page.locator("#tab-finetune-button").focus()
    wanted, passed = ["finetune-samples", "finetune-data", "finetune-model", "finetune-mode", "finetune-start"], []
    for _ in range(80):
        page.keyboard.press("Tab")
        passed += [name for name in wanted if page.evaluate(f"() => !!document.activeElement.closest('#{name}')")]
    assert list(dict.fromkeys(passed)) == wanted
