"""Waiting for what has no element."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.e2e.talk import SLOW


def until(page: Page, expression: str) -> None:
    """Wait until a JavaScript expression (it may await) is true in the page. The page's policy forbids it to evaluate strings,
    which ``wait_for_function`` does from its second look on."""
    page.evaluate(
        f"""() => new Promise((resolve, reject) => {{
            const look = async () => ((await ({expression})) ? resolve() : setTimeout(look, 50));
            setTimeout(() => reject(new Error("it never came")), {SLOW});
            look().catch(reject);
        }})"""
    )
