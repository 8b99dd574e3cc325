"""The load atlas as data: a verdict becomes an outcome, what has no answer is in nothing, JSON and picture say the same."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from checkpoint_clinic.commands.list import SCHEMA
from checkpoint_clinic.words import LANGUAGES, Language
from checks.decide.plan import Cell, Project, load_project
from checks.show.atlas import Outcome, Table, agreement, atlas_data, counts, newer, outcome_of, silent, tables
from checks.show.atlas_page import atlas_lines, atlas_page, atlas_part
from checks.show.atlas_picture import atlas_picture
from checks.show.publish import lay_beside
from checks.show.render import Pages, to_html
from checks.tend.lint import lint_project
from checks.tend.rederive import differences

from ..atlas import NOT_RUN, ROOT, Told, bring, decide, told
from ..conftest import EXAMPLES

FEW = ("bert", "mixtral", "qwen3_5")


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = bring(shutil.copytree(EXAMPLES, tmp_path_factory.mktemp("atlas") / "clinic"), FEW)
    decide(root)
    return root


@pytest.fixture(scope="module")
def project(clinic: Path) -> Project:
    return load_project(clinic)


def table_of(project: Project, way: str) -> Table:
    return next(table for table in tables(project) if table.way.module == way)


def cell_of(project: Project, name: str) -> Cell:
    return next(cell for cell in project.cells(project.atlas) if cell.name == name)


def runs(project: Project, way: str, module: str) -> list[tuple[str, str, str]]:
    table = table_of(project, way)
    row = next(row for row in table.rows if row.architecture.module == module)
    ends = [(table.label(run.environments[0]), table.label(run.environments[-1]), run.outcome) for run in row.runs]
    return [(first, last, outcome.kind if outcome else "not run") for first, last, outcome in ends]


def test_each_verdict_becomes_what_its_reason_says(project: Project) -> None:
    mixtral = outcome_of(project, cell_of(project, "zero3.mixtral@atlas-5.0.0"))
    assert mixtral and (mixtral.kind, mixtral.differ, mixtral.of) == ("silent", 17, 21)
    bert = outcome_of(project, cell_of(project, "plain.bert@atlas-5.24.0"))
    assert bert and (bert.kind, bert.unused, bert.of) == ("silent", 2, 0)
    unknown = outcome_of(project, cell_of(project, "plain.qwen3_5@atlas-4.49.0"))
    assert unknown and unknown.kind == "unknown"
    exact = outcome_of(project, cell_of(project, "plain.mixtral@atlas-5.24.0"))
    assert exact and (exact.kind, exact.renamed) == ("exact", 6)
    assert outcome_of(project, cell_of(project, f"plain.mixtral@atlas-{NOT_RUN}")) is None


REASONS: dict[str, Told] = {
    "undecided": ("undecided", "two ways of looking disagree", ""),
    "no outcome": ("refuted", "something else went wrong", ""),
    "error": ("refuted", "error: while saving, OSError: <script>alert(1)</script>\nmore", ""),
    "a log that lies": ("holds", "", 'atlas: {"renamed": "many"}'),
}


@pytest.mark.parametrize("name", REASONS)
def test_what_names_no_outcome_is_none(tmp_path: Path, name: str) -> None:
    root = bring(shutil.copytree(EXAMPLES, tmp_path / "clinic"), ("mixtral",))
    decide(root, lambda _: REASONS[name], lambda job: job.name == "plain@atlas-5.0.0")
    project = load_project(root)
    found = outcome_of(project, cell_of(project, "plain.mixtral@atlas-5.0.0"))
    expected = {"error": "error", "a log that lies": "exact"}
    assert (found.kind if found else None) == expected.get(name)
    assert not found or (found.renamed == 0 and "\n" not in found.words)
    said = [problem.expected for problem in lint_project(root) if problem.file.startswith("checks/atlas")]
    assert any("begins with silent, error" in one for one in said) == (name == "no outcome")


def test_an_answer_that_no_longer_counts_has_no_colour(clinic: Path, tmp_path: Path) -> None:
    root = shutil.copytree(clinic, tmp_path / "clinic")
    module = root / "checks/atlas/mixtral.py"
    module.write_text(module.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    project = load_project(root)
    assert {outcome for row in table_of(project, "zero3").rows for outcome in row.outcomes} == {None}, "all are decided at once"
    assert not atlas_data(project)["cells"]


def test_neighbours_with_the_same_outcome_are_one_run_and_a_gap_stays_one(project: Project) -> None:
    assert runs(project, "zero3", "mixtral") == [
        ("4.49.0", "4.57.6", "exact"),
        ("5.0.0", "5.0.0", "silent"),
        ("5.1.0", "5.6.2", "exact"),
        ("5.7.0", "5.7.0", "not run"),
        ("5.8.0", "5.24.0", "exact"),
    ]
    assert runs(project, "zero3", "qwen3_5")[2] == ("5.4.0", "5.5.4", "silent")


def test_releases_stand_in_the_order_of_their_versions(project: Project) -> None:
    labels = table_of(project, "plain").labels
    assert labels[0] == "4.49.0" and labels[-1] == "5.24.0"
    assert labels.index("5.9.0") < labels.index("5.10.4")
    assert table_of(project, "zero3").others == (("deepspeed", "0.19.8"),)
    assert table_of(project, "plain").varying == "transformers"


def test_a_way_of_two_releases_is_told_by_the_one_that_varies(project: Project) -> None:
    table = table_of(project, "from_other")
    assert table.labels == tuple(one.versions[0] for one in table.environments) and table.varying == "transformers"
    assert table.labels[0] == "4.49.0" and len(table.labels) > 1
    assert table.others == (("other", "5.24.0"),)
    assert "the other release 5.24.0" in "".join(atlas_page(Pages(project, "en", "../")).itertext())
    across = next(one for one in atlas_data(project)["environments"] if one["family"] == "atlas-across")
    assert across["varies"] == {"transformers": "4.49.0", "other": "5.24.0"}
    assert across["packages"]["transformers"] == "4.49.0"


def test_a_way_in_which_both_vary_is_told_by_both(project: Project) -> None:
    across = table_of(project, "from_other")
    one = across.environments[0]
    turned = replace(one, name="atlas-across-5.0.0-4.49.0", versions=("5.0.0", "4.49.0"))
    table = Table(across.way, (one, turned), (), across.place)
    assert (table.labels, table.varying) == (("4.49.0 · 5.24.0", "5.0.0 · 4.49.0"), "")


def test_another_family_of_a_way_is_a_table_of_its_own_and_is_told_against_the_first(clinic: Path, project: Project) -> None:
    first, sample, on_gpu = (table for table in tables(project) if table.way.module == "zero3")
    assert (first.place, sample.place, sample.columns) == ("zero3", "zero3-atlas-deepspeed", "transformers · deepspeed")
    same, known = agreement(sample, first)
    assert same == known == len(sample.rows) * len(sample.environments)
    page = "".join(atlas_page(Pages(project, "en", "../")).itertext())
    assert f"Each of {known} cells ended as with deepspeed 0.19.8." in page
    assert not any(one.table is sample for one in silent(project))
    environments = next(way for way in atlas_data(project)["ways"] if way["id"] == "zero3")["environments"]
    assert environments == [one.name for table in (first, sample, on_gpu) for one in table.environments]


def test_a_sample_on_a_gpu_that_nobody_has_run_is_told_as_not_measured(project: Project) -> None:
    on_gpu = next(table for table in tables(project) if table.on_gpu)
    assert set(on_gpu.counts) == {"not run"}
    for language, words in (
        ("en", "on a GPU, a sample. not measured 3"),
        ("zh", "GPU 上的 transformers 5.24.0（抽样）。 未测 3"),
    ):
        page = "".join("".join(atlas_page(Pages(project, language, "../")).itertext()).split())
        assert "".join(words.split()) in page, page[page.find("onaGPU") - 60 :][:200]


def test_what_another_family_saw_otherwise_is_told(tmp_path: Path) -> None:
    root = bring(shutil.copytree(EXAMPLES, tmp_path / "clinic"), ("mixtral",))
    odd = "atlas-deepspeed-5.24.0-0.16.9"
    lost = "silent: 3 of 21 tensors differ from the files; the library reports 0 missing; lm_head.weight"
    decide(root, lambda cell: ("refuted", lost, "") if cell.environment.name == odd else told(cell))
    project = load_project(root)
    first, sample, _ = (table for table in tables(project) if table.way.module == "zero3")
    _, known = agreement(sample, first)
    assert f"1 of {known} cells ended otherwise than with" in "".join(atlas_page(Pages(project, "en", "../")).itertext())
    (found,) = (one for one in silent(project) if one.table is sample)
    assert found.labels == ("5.24.0 · 0.16.9",)


def test_what_is_silent_comes_worst_first_and_equal_findings_are_one(project: Project) -> None:
    found = silent(project)
    modules = [[one.module for one, _ in each.found] for each in found]
    assert modules[:2] == [["mixtral"], ["qwen3_5"]] and all(each == ["bert"] for each in modules[2:])
    assert any({way.module for way in each.ways} == {"plain", "cast", "again", "zero3", "adapter"} for each in found)
    assert counts(project)["silent"] == len([cell for cell in atlas_data(project)["cells"] if cell["outcome"] == "silent"])


def test_a_newer_release_than_was_measured_is_told(clinic: Path, tmp_path: Path) -> None:
    root = shutil.copytree(clinic, tmp_path / "clinic")
    for newest, expected in (("5.24.0", ""), ("5.25.0", "5.25.0")):
        (root / "checks/releases.toml").write_text(
            f'[transformers]\nnewest = "{newest}"\nseen = 2026-11-29\n', encoding="utf-8"
        )
        project = load_project(root)
        assert newer(project) == expected
        assert ("5.25.0" in to_html(atlas_page(Pages(project, "en", "../")))) == bool(expected)


def strict(schema: Any) -> Any:
    """Return a schema that also refuses what it does not name."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items()}
    return {**made, "additionalProperties": False} if "properties" in schema and "required" in schema else made


def fits(data: dict[str, Any]) -> dict[str, Any]:
    schemas = json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]
    schema = {"$defs": strict(schemas), "$ref": "#/$defs/atlas"}
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(data)
    return data


def test_the_data_has_the_form_that_the_schema_states_and_no_cell_that_was_not_measured(project: Project) -> None:
    data = fits(atlas_data(project))
    number = sum(1 for cell in project.cells(project.atlas) if told(cell))
    assert len(data["cells"]) == number == sum(counts(project).values()) - counts(project)["not run"]
    by_name = {one["name"]: one for one in data["environments"]}
    left_out = {name for name, one in by_name.items() if one["varies"]["transformers"] == NOT_RUN or one["device"] == "cuda"}
    assert {cell["environment"] for cell in data["cells"]} == by_name.keys() - left_out
    assert by_name["atlas-5.4.0"]["packages"].items() >= {"transformers": "5.4.0", "deepspeed": "0.19.8"}.items()
    assert {way["id"]: way["packages"] for way in data["ways"]}["zero3"] == ["deepspeed"]
    assert all(way["environments"][0].endswith("4.49.0") for way in data["ways"] if way["id"] in ("plain", "zero3"))


def test_without_an_atlas_there_is_an_empty_one(example: Path) -> None:
    project = load_project(example)
    assert fits(atlas_data(project))["cells"] == [] and tables(project) == () and silent(project) == []
    assert "No load atlas was measured" in "".join(atlas_page(Pages(project, "en", "../")).itertext())
    with pytest.raises(KeyError):
        atlas_part(Pages(project, "en", "../"), "mixtral")


def test_an_atlas_without_evidence_says_nothing_of_any_load(tmp_path: Path) -> None:
    project = load_project(bring(shutil.copytree(EXAMPLES, tmp_path / "clinic"), FEW))
    for made in (atlas_page(Pages(project, "en", "../")), atlas_part(Pages(project, "en", "../"), "zero3")):
        assert "".join(made.itertext()) == "No load atlas was measured here."
    assert set(atlas_lines(Pages(project, "en", ""), "mixtral")) >= {"- under ZeRO-3: 4.49.0 to 5.24.0 not measured"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_article_shows_an_architecture_in_every_way_or_what_a_way_lost(project: Project, language: Language) -> None:
    pages = Pages(project, language, "../../")
    whole = atlas_part(pages, "mixtral")
    assert len(whole.findall(".//tbody/tr")) == len(tables(project))
    lost = atlas_part(pages, "zero3")
    assert ["".join(one.itertext()) for one in lost.iterfind(".//tbody/tr/th")] == ["BERT", "Mixtral", "Qwen3.5"]
    with pytest.raises(KeyError, match=r"zero3.*, bert, mixtral"):
        atlas_part(pages, "none")
    lines = list(atlas_lines(pages, "mixtral"))
    assert len(lines) == len(tables(project)) and any(
        "5.0.0 silent 17/21" in line or "5.0.0 静默出错 17/21" in line for line in lines
    )


def test_what_a_library_said_is_text_everywhere(tmp_path: Path) -> None:
    root = bring(shutil.copytree(EXAMPLES, tmp_path / "clinic"), ("mixtral",))
    decide(root, lambda _: REASONS["error"], lambda job: job.name == "plain@atlas-5.0.0")
    project = load_project(root)
    for made in (to_html(atlas_page(Pages(project, "en", "../"))), atlas_picture(project, tables(project)[0], "en")):
        assert "<script" not in made


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_picture_shows_every_cell_and_says_in_words_what_was_silent(project: Project, language: Language) -> None:
    table = table_of(project, "zero3")
    picture = ElementTree.fromstring(atlas_picture(project, table, language))  # noqa: S314  our own
    space = "{http://www.w3.org/2000/svg}"
    kinds = [one.get("class") for one in picture.iter(f"{space}rect")]
    assert len(kinds) == 1 + sum(len(row.runs) for row in table.rows) and kinds.count("silent") == 4
    said = picture.findtext(f"{space}desc") or ""
    assert "Mixtral 5.0.0" in said and "17/21" in said
    assert picture.get("role") == "img" and "prefers-color-scheme: dark" in (picture.findtext(f"{space}style") or "")
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", atlas_picture(project, table, language))


def test_logs_and_one_bundle_an_environment_lie_beside_the_pages(project: Project, tmp_path: Path) -> None:
    (tmp_path / "zh").mkdir()
    lay_beside(project, tmp_path)
    log = tmp_path / "evidence/atlas/zero3@atlas-5.0.0.txt"
    assert "--- zero3.mixtral" in log.read_text(encoding="utf-8")
    assert not list(tmp_path.glob(f"evidence/atlas/*@atlas-{NOT_RUN}.txt"))
    bundles = {path.name for path in (tmp_path / "downloads").glob("*atlas*.zip")}
    assert bundles == {f"{name}.zip" for name in {cell.environment.name for cell in project.cells(project.atlas)}}
    assert json.loads((tmp_path / "atlas/atlas.json").read_text(encoding="utf-8")) == atlas_data(project)
    assert {path.name for path in (tmp_path / "zh/atlas").iterdir()} == {f"{table.place}.svg" for table in tables(project)}


def test_a_site_is_derived_again_from_its_own_files(project: Project, tmp_path: Path) -> None:
    (tmp_path / "zh").mkdir()
    lay_beside(project, tmp_path)
    found, _ = differences(tmp_path, None)
    assert [one for one in found if "its badge says something else" not in one] == []  # there are no pages
    log = tmp_path / "evidence/atlas/zero3@atlas-5.0.0.txt"
    log.write_text(log.read_text(encoding="utf-8").replace("exact", "silent") + "more\n", encoding="utf-8")
    found, _ = differences(tmp_path, None)
    assert any("zero3@atlas-5.0.0" in one for one in found)


WRONG: dict[str, tuple[Callable[[str], str], str]] = {
    "no Chinese": (lambda text: re.sub(r"^mixtral = .*\n", "", text, flags=re.MULTILINE), "the words of mixtral in Chinese"),
    "a stranger": (lambda text: text + 'nobody = "没有"\n', "an architecture"),
}


@pytest.mark.parametrize("name", WRONG)
def test_lint_holds_the_atlas_against_its_form(clinic: Path, tmp_path: Path, name: str) -> None:
    root = shutil.copytree(clinic, tmp_path / "clinic")
    before = {problem.expected for problem in lint_project(root)}
    change, expected = WRONG[name]
    path = root / "checks/atlas/atlas.toml"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert {problem.expected for problem in lint_project(root)} - before == {expected}


def test_an_architecture_that_no_way_imports_is_named_with_its_repair(clinic: Path, tmp_path: Path) -> None:
    root = shutil.copytree(clinic, tmp_path / "clinic")
    every = root / "checks/atlas/_architectures.py"
    every.write_text(
        every.read_text(encoding="utf-8").replace("import mixtral\n", "").replace("mixtral,", ""), encoding="utf-8"
    )
    (found,) = (one for one in lint_project(root) if one.file == "checks/atlas/mixtral.py")
    assert found.expected.startswith("to be imported by: ") and "zero3" in found.expected
    assert found.repair == "import it in checks/atlas/_architectures.py"


def test_a_way_that_asserts_nothing_is_vacuous(clinic: Path, tmp_path: Path) -> None:
    root = shutil.copytree(clinic, tmp_path / "clinic")
    way = root / "checks/atlas/plain.py"
    way.write_text(
        way.read_text(encoding="utf-8").replace("assert_exact(apart(plain, published))", "apart(plain, published)"), "utf-8"
    )
    said = [one.expected for one in lint_project(root) if one.file == "checks/atlas/plain.py"]
    assert "an assertion in plain.mixtral" in said


def test_quantised_weights_are_not_asked_where_the_way_is_about_something_else() -> None:
    atlas = load_project(ROOT).atlas
    assert atlas
    quantised = {one.module: one.quantised for one in atlas.architectures if one.quantised}
    assert quantised == {"deepseek_v3_fp8": "fp8", "gpt_oss_mxfp4": "mxfp4"}
    ways = {way.module for way in atlas.ways}
    asked = {claim.module for claim in atlas.claims if claim.function in quantised}
    assert ways - asked == {"zero3", "two_ranks"}


def test_harm_orders_and_counts_nothing_else() -> None:
    wrong, left, exact = Outcome("silent", 1, 100), Outcome("silent", unused=50), Outcome("exact", renamed=3)
    assert wrong.harm > left.harm > exact.harm == 0
    assert exact.alike == Outcome("exact").alike and wrong.alike != left.alike
