"""A student's first hour, in a real browser: JupyterLab opens, Run All ends, the slider moves."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

pytestmark = [
    pytest.mark.skipif(
        BROWSER is None and "CI" not in os.environ,
        reason="no Chromium or Chrome here (Debian, Ubuntu: apt install chromium)",
    ),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab over a copy of the course."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(NOTEBOOKS, home / "notebooks")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"JUPYTER_CONFIG_DIR": home / "config", "JUPYTER_DATA_DIR": home / "data"}
    settings |= {"JUPYTER_RUNTIME_DIR": home / "runtime", "JUPYTERLAB_WORKSPACES_DIR": home / "w"}
    command = ["-m", "jupyterlab", "--no-browser", f"--port={port}", "--ServerApp.port_retries=0"]
    command += ["--IdentityProvider.token=", "--allow-root", f"--notebook-dir={home}"]
    log = (home / "log").open("w")
    server = subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, **{name: str(path) for name, path in settings.items()}},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    address = f"http://127.0.0.1:{port}/lab"
    try:
        _wait_for(address, server, home / "log")
        yield address
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def _wait_for(address, server, log):
    for _ in range(600):
        try:
            urllib.request.urlopen(address, timeout=1).close()
            return
        except OSError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)
    raise AssertionError(f"no JupyterLab after a minute: {log.read_text()}")


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    assert BROWSER, "CI needs a browser: apt install chromium"
    with sync_playwright() as driver:
        chrome = driver.chromium.launch(executable_path=BROWSER, args=QUIET)
        yield chrome
        chrome.close()


def test_a_lesson_runs_and_its_slider_moves_the_picture(lab, browser, tmp_path):
    from playwright.sync_api import expect

    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.set_default_timeout(120_000)
    page.goto(f"{lab}/tree/notebooks/01_four_distances.ipynb?reset")
    page.get_by_text("(ipykernel) | Idle").wait_for()  # told once the kernel answers
    handle = page.locator(".jp-Notebook .widget-slider .noUi-handle")
    assert handle.count() == 0  # no control is kept without its kernel

    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    handle.wait_for()
    expect(page.locator(".jp-InputArea-prompt", has_text="*")).to_have_count(0, timeout=120_000)
    prompts = page.locator(".jp-CodeCell .jp-InputArea-prompt").all_text_contents()
    assert prompts == [f"[{number + 1}]:" for number in range(len(prompts))]
    assert len(prompts) > 20
    assert page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0

    picture = page.locator(".jp-Notebook img.widget-image")
    handle.scroll_into_view_if_needed()
    before = picture.screenshot(path=tmp_path / "before.png")
    value, source = handle.get_attribute("aria-valuetext"), picture.get_attribute("src")
    handle.focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function(
        "([picture, source]) => picture.src !== source", arg=[picture.element_handle(), source]
    )
    assert handle.get_attribute("aria-valuetext") != value
    assert picture.screenshot(path=tmp_path / "after.png") != before
    page.screenshot(path=tmp_path / "page.png")


def opened(browser, path, **options):
    """A page from disk, and a list of what goes wrong in it."""
    page = browser.new_page(**options)
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    page.on(
        "request",
        lambda asked: asked.url.startswith(("file:", "data:")) or errors.append(asked.url),
    )
    page.goto(path.as_uri())
    return page, errors


def test_the_player_of_a_run_steps_and_plays(browser, tmp_path):
    from wganlab.cli import main

    small = ["--critic.width", "8", "--generator.width", "8", "--batch", "8", "--n", "20"]
    where = ["--run", str(tmp_path / "run"), "--iterations", "4", "--every", "1"]
    assert main(["train", "--preset", "wgan-lp", *small, *where]) == 0
    page, errors = opened(browser, tmp_path / "run" / "player.html")
    told, cloud = page.locator("#told"), page.locator(".points")
    pictures = [cloud.screenshot()]
    assert told.text_content() == "iteration 0"
    assert page.locator(".legend").text_content().startswith("exact EM ")
    assert page.get_by_role("button", name="Back").is_disabled()
    for _ in range(2):
        page.get_by_role("button", name="Next").click()
        pictures.append(cloud.screenshot())
    assert told.text_content().partition(",")[0] == "iteration 2"  # the sign may be told too
    page.get_by_role("button", name="Back").click()
    assert cloud.screenshot() == pictures[1]
    assert len(set(pictures)) == 3
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("document.getElementById('told').textContent.startsWith('iteration 4')")
    page.get_by_role("button", name="Play").wait_for()  # it has stopped at the end
    assert page.get_by_role("button", name="Next").is_disabled()
    assert errors == []


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1400, "light")])
def test_a_page_of_several_runs_is_stepped_by_keys_on_every_screen(
    scheme, width, browser, tmp_path
):
    import numpy as np

    from wganlab.player import Panel, page

    rng = np.random.default_rng(0)
    clouds, curves = rng.normal(size=(3, 50, 2)), {"emd": [1.0, 0.5, np.inf]}
    panels = [Panel(f"run {k}", rng.normal(size=(50, 2)), clouds, [0, 5, 10], curves) for k in "ab"]
    (tmp_path / "page.html").write_text(page("Two <runs>", [0, 5, 10], panels, note="by hand"))
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    page, errors = opened(browser, tmp_path / "page.html", **options)
    assert page.get_by_role("heading").all_text_contents() == ["Two <runs>", "run a", "run b"]
    told, canvases = page.locator("#told"), page.locator("canvas")
    boxes = [canvas.bounding_box() for canvas in canvases.all()]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
    assert len({box["x"] for box in boxes}) == (1 if width == 390 else 4)
    seen = []
    for key in ("Home", "ArrowRight", "End", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
        numbers = [line.text_content() for line in page.locator(".legend").all()]
        seen.append((told.text_content(), *numbers, canvases.nth(3).screenshot()))
    assert [told for told, *_ in seen] == [f"iteration {k}" for k in (0, 5, 10, 10, 5)]
    assert [number.split()[-1] for _, number, *_ in seen[:3]] == ["1.000", "0.500", "–"]
    assert seen[2] == seen[3] != seen[1] == seen[4] != seen[0]
    page.locator("#step").focus()
    page.keyboard.press("ArrowLeft")  # once, though slider and page both know the key
    assert told.text_content() == "iteration 0"
    page.keyboard.press(" ")
    page.wait_for_function("document.getElementById('told').textContent === 'iteration 10'")
    assert errors == []


def test_a_page_of_images_shows_a_sheet_a_step(browser, tmp_path):
    import numpy as np

    from wganlab.player import Panel, page

    sheets = np.random.default_rng(0).integers(256, size=(3, 9, 8, 8, 3)).astype(np.uint8)
    panel = Panel("", sheets[0], sheets, [0, 1, 2], {"emd": [3.0, 2.0, 1.0]})
    (tmp_path / "page.html").write_text(page("images", [0, 1, 2], [panel]))
    page, errors = opened(browser, tmp_path / "page.html")
    seen = []
    for _ in sheets:
        page.wait_for_timeout(100)  # pictures are decoded
        seen.append(page.locator(".points").screenshot())
        page.keyboard.press("ArrowRight")
    assert len(set(seen)) == 3
    assert not page.locator("#marks").is_visible()
    assert errors == []


def test_a_page_of_a_step_through_draws_every_move(browser, tmp_path):
    from wganlab import compare, learned, scenes

    net = learned.MLPConfig(width=8, depth=1)
    config = learned.TrainConfig(
        data="8gaussians", critic=net, generator=net, batch=8, n_critic=2, iterations=50
    )
    game = compare.StepThrough(config, n=20, cells=9, device="cpu")
    seen = [game.scene()]
    for move in (game.step_critic, game.step_generator, game.step_critic):
        move()
        seen.append(game.scene())
    (tmp_path / "page.html").write_text(scenes.steps_page("by hand", seen))
    page, errors = opened(browser, tmp_path / "page.html", viewport={"width": 1200, "height": 900})
    learned_critic, exact_critic = page.locator(".points").all()
    assert page.locator(".curves").count() == 1
    pictures, told = [], []
    for _ in seen:
        page.wait_for_timeout(100)  # pictures are decoded
        pictures.append((learned_critic.screenshot(), exact_critic.screenshot()))
        told.append(page.locator("#told").text_content())
        page.keyboard.press("ArrowRight")
    assert told[:3] == [
        "start",
        "iteration 0: critic step 1",
        "iteration 1: the generator has moved",
    ]
    assert len({learned_one for learned_one, _ in pictures}) == 4
    exact_ones = [exact_one for _, exact_one in pictures]
    assert exact_ones[0] == exact_ones[1] != exact_ones[2] == exact_ones[3]  # it has no steps
    assert errors == []
