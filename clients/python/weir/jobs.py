"""Training rows: a job on the server, and what becomes of its rows."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, BinaryIO, Callable, Dict, List, Optional, Union

from .errors import WeirError, from_problem
from .results import need
from .rows import rows_of_lines
from .transport import Transport

if TYPE_CHECKING:
    import pandas
    import pyarrow

JOBS = "/api/v1/features/historical"
FORMATS = {".parquet": "parquet", ".csv": "csv", ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson"}
_WAIT_S = 20  # how long one look at the job may wait for its end
_BLOCK_BYTES = 1 << 20
_OVER = ("done", "failed", "cancelled")
Path = Union[str, "os.PathLike[str]"]


def format_of(path: Path) -> Optional[str]:
    """The format that a file's name says; None when it says none."""
    return FORMATS.get(os.path.splitext(os.fspath(path))[1].lower())


def result_format() -> str:
    """Parquet where it can be read here, else JSON lines, which need nothing."""
    from importlib.util import find_spec
    return "parquet" if find_spec("pyarrow") else "ndjson"


class RetrievalJob:
    """Training rows that the server makes; asking for them waits until they are there.

    The rows stand on the server for an hour. They come in the order of the entity rows, one for each, with all
    of their columns.
    """

    def __init__(self, transport: Transport, begin: Callable[[Dict[str, Any]], Dict[str, Any]], output: Dict[str, Any]):
        self._transport = transport
        self._begin = begin
        self._output = output
        self._job = begin(output)

    @property
    def id(self) -> str:
        """As `weir features jobs` knows it."""
        return str(self._job["id"])

    def _look(self, wait_s: int) -> Dict[str, Any]:
        if self._job["state"] not in _OVER:
            self._job = self._transport.call("GET", f"{JOBS}/{self.id}?wait={wait_s}")
        return self._job

    @property
    def status(self) -> str:
        """"waiting", "running", "done", "failed" or "cancelled"."""
        return str(self._look(0)["state"])

    @property
    def progress(self) -> float:
        """From 0 to 1."""
        return float(self._look(0)["share"])

    @property
    def error(self) -> Optional[WeirError]:
        """Why it failed; None when it did not."""
        problem = self._look(0).get("error")
        return from_problem(int(problem.get("status", 0)), problem) if problem else None

    def cancel(self) -> None:
        """Stops it; of one that has ended the server forgets the rows."""
        self._transport.call("DELETE", f"{JOBS}/{self.id}")
        if self._job["state"] not in _OVER:
            self._job = {**self._job, "state": "cancelled"}

    def wait(self) -> "RetrievalJob":
        """Until the rows are there; raises what went wrong."""
        while self._look(_WAIT_S)["state"] not in _OVER:
            pass
        if self._job["state"] == "done":
            return self
        raise self.error or WeirError(f"retrieval {self.id} was cancelled", "CANCELLED")

    def _open(self) -> BinaryIO:
        self.wait()
        if not self._job.get("result"):
            raise WeirError(f"the rows of retrieval {self.id} went into {self._job.get('out')}: read them there")
        return self._transport.open("GET", str(self._job["result"]), Accept="*/*")

    def to_rows(self) -> List[Dict[str, Any]]:
        """The rows as dicts; needs nothing but Python where pyarrow is not installed (times are then texts)."""
        if self._output.get("format") == "ndjson":
            with self._open() as lines:
                return rows_of_lines(iter(lines))
        return list(self.to_arrow().to_pylist())

    def to_arrow(self) -> "pyarrow.Table":
        """A pyarrow table."""
        arrow = need("pyarrow", "arrow")
        if self._output.get("format") != "parquet":
            return arrow.Table.from_pylist(self.to_rows())
        import importlib
        with self._open() as answer:
            return importlib.import_module("pyarrow.parquet").read_table(arrow.BufferReader(answer.read()))

    def to_df(self) -> "pandas.DataFrame":
        """A pandas data frame. Without pyarrow the times of the rows are parsed from texts, in UTC."""
        pandas = need("pandas", "pandas")
        if self._output.get("format") == "parquet":
            return self.to_arrow().to_pandas()
        frame = pandas.DataFrame(self.to_rows())
        if "event_timestamp" in frame:
            frame["event_timestamp"] = pandas.to_datetime(frame["event_timestamp"], utc=True)
        return frame

    def persist(self, storage: Path, allow_overwrite: bool = False) -> None:
        """The rows into a file (by its suffix: .parquet, .csv, .json, .ndjson) or a table ("domain.name").

        A file of the job's own format is fetched; for anything else the server retrieves once more. Rows that are
        put into a table that is there are added to it.
        """
        suffix = format_of(storage)
        if suffix is None and isinstance(storage, str) and storage.count(".") == 1 and os.sep not in storage:
            RetrievalJob(self._transport, self._begin, {"table": storage}).wait()
        elif suffix is None:
            raise ValueError(f"neither a file (.parquet, .csv, .json, .ndjson) nor a table (domain.name): {storage}")
        elif os.path.exists(storage) and not allow_overwrite:
            raise FileExistsError(f"{os.fspath(storage)} is there: allow_overwrite=True replaces it")
        else:
            same = suffix == self._output.get("format")
            job = self if same else RetrievalJob(self._transport, self._begin, {"format": suffix})
            job._save(os.fspath(storage))

    def _save(self, path: str) -> None:
        part = path + ".part"
        try:
            with self._open() as answer, open(part, "wb") as file:
                while block := answer.read(_BLOCK_BYTES):
                    file.write(block)
            os.replace(part, path)
        finally:
            if os.path.exists(part):
                os.unlink(part)
