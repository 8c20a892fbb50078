"""The course as a site: every link leads somewhere, and it needs nothing but its own files."""

import os
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from test_browser import BROWSER, browser, opened  # noqa: F401

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))

import build  # noqa: E402
import course  # noqa: E402
import pages  # noqa: E402

in_a_browser = pytest.mark.skipif(
    BROWSER is None and "CI" not in os.environ,
    reason="no Chromium or Chrome here (Debian, Ubuntu: apt install chromium)",
)


@pytest.fixture(scope="module")
def site(once):
    """The site, with players of short runs."""
    return once("site", lambda folder: course.make(folder, iterations=4))


class Parts(HTMLParser):
    """What a page links to, loads, and can be linked to at."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loaded, self.ids, self.pictures = [], [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.ids += [told["id"]] if "id" in told else []
        self.links += [told["href"]] if tag == "a" else []
        self.loaded += [told[name] for name in ("src", "href") if name in told and tag != "a"]
        self.pictures += [told] if tag == "img" else []


def files(site):
    return sorted(path for path in site.rglob("*") if path.is_file())


def html(site):
    return [path for path in files(site) if path.suffix == ".html"]


def test_every_source_has_its_page_and_players_are_there(site):
    names = {path.relative_to(site).as_posix() for path in html(site)}
    assert names >= {f"{twin.stem}.html" for twin in build.lessons()}
    assert names >= {"index.html", "GLOSSARY.html", "players/steps.html"}
    assert names >= {"players/runs.html", "players/faces.html"}
    for name in ("EXERCISES", "INSTRUCTORS"):
        there = (NOTEBOOKS / f"{name}.md").exists()
        assert there == any(Path(address).stem == name for address in names)


def test_every_link_and_anchor_leads_somewhere(site):
    parts = {path: Parts(path) for path in html(site)}
    for path, part in parts.items():
        assert len(part.ids) == len(set(part.ids)), path
        for link in [*part.links, *part.loaded]:
            if link.startswith(("https://", "data:")):
                assert link not in part.loaded or link.startswith("data:"), (path, link)
                continue
            address, _, place = unquote(link).partition("#")
            target = (path.parent / address).resolve() if address else path
            assert target.is_file(), (path, link)
            assert target.is_relative_to(site), (path, link)
            assert not place or place in parts[target].ids, (path, link)


def test_solutions_are_reached_through_the_instructors_page_alone(site, tmp_path):
    for path in html(site):
        if path.parent.name != "teachers":
            links = [link for link in Parts(path).links if "teachers/" in link]
            assert set(links) <= {"teachers/INSTRUCTORS.html"}, path
            assert not links or path.name == "index.html"
    addresses = [address for _, address in course.sources(students=True)]
    assert not any(address.startswith("teachers/") for address in addresses)


def test_what_is_for_teachers_has_a_part_of_its_own(tmp_path, monkeypatch):
    names = ("EXERCISES", "GLOSSARY", "INSTRUCTORS", "solutions/EXERCISES")
    (tmp_path / "solutions").mkdir()
    for name in names:
        (tmp_path / f"{name}.md").write_text("# Title")
    monkeypatch.setattr(course, "HERE", tmp_path)
    found = [address for file, address in course.sources(students=False) if file.suffix == ".md"]
    teachers = ["teachers/INSTRUCTORS.html", "teachers/EXERCISES.html"]
    assert found == ["EXERCISES.html", "GLOSSARY.html", *teachers]


def test_equal_input_equal_bytes(site, tmp_path):
    course.make(tmp_path, iterations=4)
    names = [path.relative_to(site) for path in files(site)]
    assert names == [path.relative_to(tmp_path) for path in files(tmp_path)]
    for name in names:
        assert (site / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_every_picture_is_described(site):
    shown = [(path, picture) for path in html(site) for picture in Parts(path).pictures]
    assert len(shown) > 30
    for path, picture in shown:
        assert len(picture["alt"]) > 10, path
        assert {"width", "height"} <= set(picture) or not picture["src"].startswith("data:")
    page = (site / "05_vanishing_gradients.html").read_text(encoding="utf-8")
    assert re.search('alt="Figure under “The best discriminator”: .*Among the reals D', page)


def test_the_index_tells_what_the_lessons_do(site):
    index = (site / "index.html").read_text(encoding="utf-8")
    for twin in build.lessons():
        assert f'<h3><a href="{twin.stem}.html">' in index
    assert index.count('<p class="time">') == len(build.lessons())
    assert "running all cells takes" in index


def test_lessons_lead_to_each_other_and_controls_say_where_they_live(site):
    names = [twin.stem for twin in build.lessons()]
    for before, name, after in zip([None, *names], names, [*names[1:], None], strict=False):
        page = (site / f"{name}.html").read_text(encoding="utf-8")
        for rel, other in (("prev", before), ("next", after)):
            found = re.findall(rf'class="{rel}" href="([^"]+)"', page)
            assert found == ([f"{other}.html"] if other else [])
        assert 'class="control"' in page
        assert 'class="predict"' in page


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[a](none.ipynb)", "lesson.md: the link none.ipynb leads to no file of the repository"),
        ("[a](../../etc/hosts)", "leads to no file of the repository"),
        ("[a](#nowhere)", "the link #nowhere leads to no heading of lesson.md"),
        ("[a](other.md#no)", "the link other.md#no leads to no heading of other.md"),
        ("[a](solutions/x.md)", "the link solutions/x.md leads to what is for teachers"),
        ("It costs $5", "lesson.md: a $ that belongs to no formula: It costs $5"),
        ("from source\n1. The rest", "the line '1. The rest' begins a list amid a paragraph"),
        ("![](other.md)", "lesson.md: the picture other.md has no description"),
    ],
)
def test_what_leads_nowhere_is_refused(text, told, tmp_path, monkeypatch):
    monkeypatch.setattr(course, "ROOT", tmp_path)
    monkeypatch.setattr(course, "HERE", tmp_path)
    (tmp_path / "solutions").mkdir()
    for name, content in (("lesson", f"# One\n\n{text}"), ("other", "# Two"), ("solutions/x", "")):
        (tmp_path / f"{name}.md").write_text(content)
    read = [pages.read(tmp_path / f"{name}.md", f"{name}.html") for name in ("lesson", "other")]
    (problem,) = course.resolve(read[0], read, tmp_path / "site")
    assert told in problem


def test_links_are_turned_and_files_are_copied(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "ROOT", tmp_path)
    monkeypatch.setattr(course, "HERE", tmp_path)
    (tmp_path / "READ ME.md").write_text("# Read")
    (tmp_path / "b.md").write_text("# B\n\n## Far away")
    links = "[b](../b.md#far-away) [r](../READ%20ME.md) [h](https://x.org) [own](#a)"
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.md").write_text(f"# A\n\n{links}")
    a = pages.read(tmp_path / "deep" / "a.md", "teachers/a.html")
    b = pages.read(tmp_path / "b.md", "b.html")
    assert list(course.resolve(a, [a, b], tmp_path / "site")) == []
    found = re.findall('<a href="([^"]+)"', a.html())
    assert found == ["../b.html#far-away", "../files/READ%20ME.md", "https://x.org", "#a"]
    assert (tmp_path / "site" / "files" / "READ ME.md").read_text() == "# Read"


def test_formulas_become_mathml_or_are_refused(tmp_path):
    source = tmp_path / "lesson.md"
    source.write_text("# Sums\n\nOne of $1\n- D$ and $\\tfrac12$:\n\n$$\\sum_i x_i$$\n\n$|x|$ `$a`")
    html = pages.read(source, "lesson.html").html()
    assert html.count("<math") == 4
    assert "$" not in html.replace("<code>$a</code>", "")
    assert "<mn>1</mn><mo>−</mo><mi>D</mi>" in html
    source.write_text("# Sums\n\n($x$), [$y$]. One of $z$; $w$ is free")
    glued = re.sub(r"<math.*?</math>", "f", pages.read(source, "lesson.html").html())
    words = re.sub(r'<span class="glued">(.*?)</span>(.*?)</span>', r"{\1\2}", glued)
    assert re.findall("{.*?}", re.sub(r"<span[^>]*>", "", words)) == ["{(f),}", "{[f].}", "{f;}"]
    source.write_text("# Sums\n\n$\\nonsense{x}$")
    with pytest.raises(course.CourseError, match=r"lesson\.md: a formula that is none"):
        pages.read(source, "lesson.html").html()


def test_a_page_needs_a_title(tmp_path):
    (tmp_path / "lesson.md").write_text("Only words.")
    with pytest.raises(course.CourseError, match="needs a title"):
        pages.read(tmp_path / "lesson.md", "lesson.html")


def test_no_other_folder_is_overwritten(tmp_path, monkeypatch):
    (tmp_path / "thesis.tex").write_text("years of work")
    monkeypatch.setattr(sys, "argv", ["course.py", str(tmp_path)])
    with pytest.raises(SystemExit, match="is no site of the course"):
        course.main()
    assert (tmp_path / "thesis.tex").exists()


SEEN = """() => {
  const body = document.body.cloneNode(true);
  for (const part of body.querySelectorAll("pre, code, script, math")) part.remove();
  const maths = [...document.querySelectorAll("math")].map((math) => math.getBoundingClientRect());
  return {
    text: body.textContent,
    flat: maths.filter((box) => box.width < 2 || box.height < 2).length,
    width: document.documentElement.scrollWidth,
    errors: document.querySelectorAll("merror").length,
  };
}"""


@in_a_browser
def test_every_page_fits_the_screen_and_asks_for_nothing(browser, site):  # noqa: F811
    wide = {"index", "05_vanishing_gradients", "GLOSSARY", "runs", "steps"}  # one of a kind
    for path in html(site):
        page, errors = opened(browser, path)
        for width in (1280, 390) if path.stem in wide else (390,):
            page.set_viewport_size({"width": width, "height": 900})
            seen = page.evaluate(SEEN)
            assert seen["width"] <= width, (path, width)
            assert (seen["flat"], seen["errors"]) == (0, 0), (path, width)
        if "players" not in path.parts:
            assert not set("$\\") & set(seen["text"]), path
        assert errors == [], path
        page.close()


@in_a_browser
def test_pages_are_dark_where_the_reader_is(browser, site):  # noqa: F811
    for name in ("index", "05_vanishing_gradients", "GLOSSARY"):
        seen = []
        for scheme in ("light", "dark"):
            page, _ = opened(browser, site / f"{name}.html", color_scheme=scheme)
            style = "getComputedStyle(document.body)"
            colors = page.evaluate(f"[{style}.backgroundColor, {style}.color]")
            seen.append([sum(map(int, re.findall(r"\d+", color)[:3])) for color in colors])
            page.close()
        (light, ink), (dark, chalk) = seen
        assert light > 700 > 200 > ink
        assert dark < 100 < 500 < chalk


@in_a_browser
def test_outputs_are_hidden_until_predicted_but_printed(browser, site):  # noqa: F811
    page, errors = opened(browser, site / "05_vanishing_gradients.html")
    outputs = page.locator("details.output")
    count = outputs.count()
    assert count > 10
    assert page.locator("details.output[open]").count() == count
    page.get_by_role("button", name="Hide all outputs").click()
    assert page.locator("details.output[open]").count() == 0
    outputs.first.locator("summary").click()
    assert outputs.first.locator(".printed, img").first.is_visible()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.output[open]").count() == count
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details.output[open]").count() == 1
    page.get_by_role("button", name="Show all outputs").click()
    assert page.locator("details.output[open]").count() == count
    assert errors == []


@in_a_browser
def test_players_step_and_lead_back(browser, site):  # noqa: F811
    for name in ("steps", "runs", "faces"):
        page, errors = opened(browser, site / "index.html")
        page.locator(f"a[href='players/{name}.html']").click()
        page.locator("#told").wait_for()
        told, cloud = page.locator("#told"), page.locator(".points").first
        before = told.text_content(), cloud.screenshot()
        page.get_by_role("button", name="Next").click()
        page.keyboard.press("End")
        page.wait_for_timeout(100)
        assert told.text_content() != before[0]
        assert cloud.screenshot() != before[1]
        page.get_by_role("link", name="The course").click()
        page.get_by_role("heading", name="Players").wait_for()
        assert errors == []
