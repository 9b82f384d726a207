"""A world of random pushes, loads, runs and erasures: after each step what is read online is what an oracle says.

The oracle keeps every row that was put in and knows one rule: newest event time, then newest created (none is oldest);
among equals, a run takes the row that was stored last, and the store keeps what it has. WEIR_WORLDS sets how many worlds."""
import os
import random

import pytest

from online import ask, at, materialise, online_server, push
from test_features_online import PROJECT

DRIVERS = list(range(1, 9))
STEPS = 50
WORLDS = int(os.environ.get("WEIR_WORLDS", "1"))


class World:
    """Times are hours ago, in quarters, so that equal ones are frequent; created None = none."""

    def __init__(self, server, seed):
        self.server, self.rng, self.serial = server, random.Random(seed), 0
        self.stored, self.online = [], {}  # rows; driver -> row
        self.steps = [(self.push, 5), (self.load, 4), (self.run, 2), (self.catch_up, 3), (self.erase, 1)]

    def row(self):
        self.serial += 1
        hours, created = self.rng.randrange(4, 60) / 4, self.rng.choice([None, 0.25, 0.5, 0.75])
        return (self.rng.choice(DRIVERS), hours, created, float(self.serial) if self.rng.random() > 0.1 else None)

    @staticmethod
    def age(row):
        return (-row[1], -100 if row[2] is None else -row[2])

    def put(self, row):
        there = self.online.get(row[0])
        if not there or self.age(row) > self.age(there):
            self.online[row[0]] = row

    def take(self, rows):
        """What a run gives to the store: of each driver the newest, of equals the last."""
        newest = {}
        for row in rows:
            if row[0] not in newest or self.age(row) >= self.age(newest[row[0]]):
                newest[row[0]] = row
        for row in newest.values():
            self.put(row)

    def push(self):
        rows, to = [self.row() for _ in range(self.rng.randrange(1, 6))], self.rng.choice(["online", "offline", "online_and_offline"])
        push(self.server, "driver_stats", [{"driver_id": d, "seen": at(h), "created": None if c is None else at(c), "conv_rate": v, "trips": 1, "note": None} for d, h, c, v in rows], to)
        self.stored += rows if "offline" in to else []
        for row in rows if to.startswith("online") else []:
            self.put(row)
        return to, rows

    def load(self):
        rows = [self.row() for _ in range(self.rng.randrange(1, 9))]
        stamps = [(text_of(h), "\\N" if c is None else text_of(c)) for _, h, c, _ in rows]
        lines = "".join(f"{d},{seen},{made},{chr(92) + 'N' if v is None else v},1,x\n" for (d, _, _, v), (seen, made) in zip(rows, stamps))
        assert self.server.load("ods_driver_stats", lines, db="trips", column_separator=",")["Status"] == "Success"
        self.stored += rows
        return "load", rows

    def run(self):
        start, end = sorted((self.rng.randrange(0, 64) / 4 for _ in range(2)), reverse=True)
        materialise(self.server, "driver_stats", start_ts=at(start), end_ts=at(end))
        self.take(r for r in self.stored if end <= r[1] <= start)
        return "run", start, end

    def catch_up(self):
        end = self.rng.choice([0, 0, self.rng.randrange(0, 40) / 4])
        materialise(self.server, "driver_stats", end_ts=at(end))
        self.take(r for r in self.stored if r[1] >= end)
        return "catch up", end

    def erase(self):
        driver = self.rng.choice(DRIVERS)
        answer = self.server.call("POST", "/api/v1/features/erase", {"keys": {"driver_id": driver}})
        told = {"online_rows": int(driver in self.online), "offline_rows": sum(r[0] == driver for r in self.stored)}
        assert answer.status == 200 and answer.json() == told, (answer.text, told)
        self.online.pop(driver, None)
        self.stored = [r for r in self.stored if r[0] != driver]
        return "erase", driver

    @staticmethod
    def story(driver, history):
        """The steps that have to do with it."""
        return "\n".join(str((step[0], [r for r in step[1] if r[0] == driver]) if isinstance(step[1], list) else step) for step in history)

    def check(self, history):
        answer = ask(self.server, ["driver_stats:conv_rate"], {"driver_id": DRIVERS})
        found = answer["results"][1]
        for i, driver in enumerate(DRIVERS):
            row = self.online.get(driver)
            status = "NOT_FOUND" if not row else "NULL_VALUE" if row[3] is None else "PRESENT"
            want = (row[3] if row else None, status, at(row[1]).replace("+00:00", "Z") if row else "1970-01-01T00:00:00Z")
            assert (found["values"][i], found["statuses"][i], found["event_timestamps"][i]) == want, f"driver {driver}:\n{self.story(driver, history)}"


def text_of(hours):
    return at(hours).replace("T", " ").replace("+00:00", "")


@pytest.mark.parametrize("store", ["lmdb", "redis"])
def test_online_is_what_an_oracle_says(tmp_path, store):
    for seed in range(1, 1 + WORLDS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        with online_server(folder, PROJECT, store) as server:
            world, history = World(server, seed), []
            materialise(server, "driver_stats", end_ts=at(20))  # from here on, nothing may be missed
            for _ in range(STEPS):
                step = world.rng.choices([s for s, _ in world.steps], [w for _, w in world.steps])[0]
                history.append(step())
                world.check(history)
