"""A changed kernel source must lead to another cache folder, an unchanged one to the same."""

from __future__ import annotations

from pathlib import Path

from honghua.base.compiled import PACKAGE, config, digest_sources, place_cache


def make_package(folder: Path, body: str) -> Path:
    (folder / "room").mkdir(parents=True, exist_ok=True)
    (folder / "room" / "kernels.py").write_text(f"from numba import njit\n{body}\n", encoding="utf-8")
    (folder / "room" / "words.py").write_text("A = 1\n", encoding="utf-8")
    return folder


def test_a_changed_kernel_changes_the_digest_and_other_files_do_not(tmp_path: Path) -> None:
    first = digest_sources(make_package(tmp_path, "x = 1"))
    assert digest_sources(make_package(tmp_path, "x = 1")) == first
    (tmp_path / "room" / "words.py").write_text("A = 2\n", encoding="utf-8")
    assert digest_sources(tmp_path) == first
    assert digest_sources(make_package(tmp_path, "x = 2")) != first


def test_old_folders_go_and_an_operators_choice_stays(tmp_path: Path) -> None:
    package = make_package(tmp_path, "x = 1")
    before = config.CACHE_DIR
    try:
        config.CACHE_DIR = ""
        old = place_cache(package=package)
        assert old.is_dir()
        make_package(tmp_path, "x = 2")
        config.CACHE_DIR = ""
        new = place_cache(package=package)
        assert new != old
        assert not old.exists()
        config.CACHE_DIR = str(tmp_path / "mine")
        assert place_cache(package=package) == tmp_path / "mine"
    finally:
        config.CACHE_DIR = before


def test_this_program_runs_from_its_own_folder() -> None:
    assert digest_sources(PACKAGE) in config.CACHE_DIR
