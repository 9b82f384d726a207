"""Every command in the documents runs, against the result that is shown.

A ```console block is a session: lines after `$ ` are commands, the lines under them what they print. A line `...` stands for
any lines, `…` inside a line for any text. The sessions of one document run one after the other in one empty folder.
A ```sql, ```yaml or other block whose first line is a comment `# file: NAME` or `-- file: NAME` is written as that file.
"""
import json
import os
import pathlib
import re
import signal
import subprocess

import pytest

ROOT = pathlib.Path(os.environ.get("WEIR_ROOT", "."))
WEIR = pathlib.Path(os.environ.get("WEIR_BIN", "build/weir")).absolute()
DOCUMENTS = ["docs/tutorial.md", "docs/how-to.md",
             *sorted(str(path.relative_to(ROOT)) for folder in ("tutorial", "how-to", "explanation") for path in (ROOT / "docs" / folder).glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.S | re.M)
FILE = re.compile(r"^(?:#|--) file: (\S+)\n")


def commands(session):
    """[(command, expected lines)]"""
    found = []
    for line in session.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def matches(expected, got):
    pattern = "".join(r"(?:.*\n)*?" if line.strip() == "..." else ".*".join(map(re.escape, line.rstrip().split("…"))) + r"\s*\n"
                      for line in expected)
    return re.fullmatch(pattern, "".join(line.rstrip() + "\n" for line in got.splitlines()))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_command_gives_what_the_document_shows(document, tmp_path):
    text = (ROOT / document).read_text()
    env = dict(os.environ, PATH=f"{WEIR.parent}:{os.environ['PATH']}", WEIR_LANG="en", NO_COLOR="1", COLUMNS="110", LC_ALL="C.UTF-8",
               WEIR_ROOT=str(ROOT.absolute()))
    folder = tmp_path / "work"
    folder.mkdir()
    try:
        ran = run_blocks(document, text, folder, env)
    finally:
        stop_server(folder)
    assert ran or document.startswith("docs/explanation/"), f"{document} shows no command"


def stop_server(folder):
    """A document that was cut off by a failure may have left its server."""
    info = folder / ".weir/server.json"
    if info.exists():
        os.kill(json.loads(info.read_text())["pid"], signal.SIGTERM)


def run_blocks(document, text, folder, env):
    ran = 0
    for language, block in BLOCK.findall(text):
        if named := FILE.match(block):
            path = folder / named[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block[named.end():])
        elif language == "console":
            for command, expected in commands(block):
                done = subprocess.run(["bash", "-c", command], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                      timeout=120)
                assert matches(expected, done.stdout), f"{document}: $ {command}\n--- shown\n" + "\n".join(expected) + f"\n--- got\n{done.stdout}"
                ran += 1
    return ran
