"""What `pipeline install-service` writes, and that the metrics which its rules and board ask for are those that there are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline import cli, config, templates
from pipeline.daemon import metrics, service

CONFIG = """
[store]
path = "var dir/store.db"
[[feeds]]
name = "w"
url = "https://wire.example/feed.xml"
[keep]
backup_folder = "copies"
[[channels]]
name = "files"
folder = "100%/told"
[[channels]]
name = "feed"
kind = "atom"
file = "web/alerts.xml"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "pipeline.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def test_a_systems_unit_writes_to_the_configured_folders_alone(path: Path) -> None:
    text = service.unit(config.load(path), system=True)
    written = re.findall(r"^ReadWritePaths=(.*)$", text, re.M)
    base = path.parent
    assert written == [f'"{base}/var dir"', f"{base}/copies", f"{base}/100%%/told", f"{base}/web"]
    for word in ("Type=notify", "WatchdogSec=", "ProtectSystem=strict", "NoNewPrivileges=yes", "Restart=always", "ExecReload=", "User="):
        assert word in text
    assert "User=" not in service.unit(config.load(path), system=False)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_unit(path: Path, tmp_path: Path) -> None:
    there = tmp_path / "pipeline.service"
    there.write_text(service.unit(config.load(path), system=True), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(there)], capture_output=True, text=True, timeout=60, check=False)
    assert str(there) not in done.stderr and "pipeline.service" not in done.stderr, done.stderr


def test_files_are_written_and_not_over_others(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(["install-service", "--files", str(tmp_path / "deploy")]) == cli.DONE
    assert sorted(p.name for p in (tmp_path / "deploy").iterdir()) == sorted(service.FILES)
    (tmp_path / "deploy" / "Containerfile").write_text("mine")
    assert cli.main(["install-service", "--files", str(tmp_path / "deploy")]) == cli.WRONG
    assert (tmp_path / "deploy" / "Containerfile").read_text() == "mine"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "conf"))
    assert cli.main(["--config", str(path), "install-service", "--user"]) == cli.DONE
    assert "daemon-reload" in capsys.readouterr().out and (tmp_path / "conf/systemd/user/pipeline.service").is_file()
    assert cli.main(["--config", str(path), "install-service", "--system", "--run-as", "nobody-of-this-name", "--print"]) == cli.WRONG


def test_rules_and_board_ask_for_metrics_that_there_are() -> None:
    source = Path(str(metrics.__file__)).read_text(encoding="utf-8")
    there = {name for found in re.findall(r'"(pipeline_\w+)"', source) for name in (found, f"{found}_total")}
    board = json.loads(templates.read("grafana-board.json"))
    asked = [t["expr"] for panel in board["panels"] for t in panel["targets"]]
    asked += re.findall(r"expr: (.*)", templates.read("prometheus-rules.yml"))
    used = {name for expression in asked for name in re.findall(r"\bpipeline_\w+", expression)}
    assert used and used <= there
