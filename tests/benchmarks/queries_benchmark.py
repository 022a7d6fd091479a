#!/usr/bin/python3
"""How long queries take in a database of years, and what they cost reception.

Makes a database with a past of so many films by the node's own migrations, then measures,
while stock dcmsend sends films: each of four calls by itself, and the C-STOREs while 32
callers ask for them in a loop.  Prints figures and never fails because of one.

    queries_benchmark.py [--films 1000000] [--database sqlite postgresql] [--calls 100]
                         [--callers 32] [--directory DISK]
"""

import argparse
import itertools
import os
import pathlib
import platform
import shutil
import sqlite3
import statistics
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import grpc  # noqa: E402
import intake_films  # noqa: E402
import intake_receivers as receivers  # noqa: E402
from harness.postgresql import PostgreSql  # noqa: E402
from harness.rpc import ADMIN, RESULTS, admin_pb2, results_pb2  # noqa: E402
from intake_benchmark import summary  # noqa: E402
from intake_rows import Postgres, Sqlite, add_finished_films  # noqa: E402

FILMS_A_SENDING = 200
ROUNDS = 5


class Caller:
    """Raw calls over a connection of its own: answers are not taken apart."""

    def __init__(self, port):
        self._channel = grpc.insecure_channel(
            f"127.0.0.1:{port}",
            options=[("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)],
        )
        self._methods = {}

    def ask(self, method, request):
        """Milliseconds."""
        if method not in self._methods:
            service = ADMIN if method == "GetStatus" else RESULTS
            self._methods[method] = self._channel.unary_unary(f"/{service}/{method}")
        began = time.monotonic()
        self._methods[method](request, timeout=30)
        return (time.monotonic() - began) * 1000

    def close(self):
        self._channel.close()


class Bench:
    def __init__(self, folder, films_folder, database):
        self.folder = folder
        self.films_folder = films_folder
        self.server = PostgreSql(folder / "postgresql").start() if database != "sqlite" else None
        top = f'database_uri: "{self.server.uri}"' if self.server else ""
        self.camnode = receivers.Camnode(folder, top)
        self.kind = intake_films.twenty_kilobytes()

    @property
    def node(self):
        return self.camnode.node

    def fill(self, films):
        self.node.stop(60)
        began = time.monotonic()
        if self.server:
            add_finished_films(Postgres(self.server.uri), films)
        else:
            database = sqlite3.connect(self.node.data / "camnode.db")
            add_finished_films(Sqlite(database), films)
            database.close()
            size = (self.node.data / "camnode.db").stat().st_size
            print(f"  database of {size / 1e9:.2f} GB")
        print(f"  made in {time.monotonic() - began:.0f} s", flush=True)
        began = time.monotonic()
        self.node.start(wait_for_worker=False)
        print(f"  start {time.monotonic() - began:.2f} s   (target: 3)", flush=True)

    def requests(self):
        studies = self.node.rpc.results("ListStudies", page_size=50).studies
        get = results_pb2.GetStudyRequest(study_instance_uid=studies[-1].study_instance_uid)
        return {
            "ListStudies": results_pb2.ListStudiesRequest(page_size=50).SerializeToString(),
            "ListAnalyses": results_pb2.ListAnalysesRequest(page_size=50).SerializeToString(),
            "GetStudy": get.SerializeToString(),
            "GetStatus": admin_pb2.GetStatusRequest().SerializeToString(),
        }

    def send(self):
        """Milliseconds of each C-STORE."""
        paths = self.kind.make(self.films_folder, FILMS_A_SENDING)
        sent = self.camnode.send([paths], timed=True)
        shutil.rmtree(self.films_folder)
        return sent.answers_ms

    def one_by_one(self, calls):
        """Each call by itself, films coming in beside it."""
        done = threading.Event()

        def send_on():
            while not done.is_set():
                self.send()

        sender = threading.Thread(target=send_on)
        sender.start()
        caller = Caller(self.node.ports["grpc"])
        for method, request in self.requests().items():
            caller.ask(method, request)
            taken = sorted(caller.ask(method, request) for _ in range(calls))
            print(f"  {method:13} {summary(taken)}   (target: median 20)", flush=True)
        caller.close()
        done.set()
        sender.join()

    def together(self, callers):
        """C-STOREs alone, and beside callers in a loop."""
        alone, beside, seconds = [], [], 0.0
        done, asking = threading.Event(), threading.Event()
        requests = list(self.requests().items())
        taken, failures = [], []

        def ask_on(number):
            caller = Caller(self.node.ports["grpc"])
            for method, request in itertools.islice(itertools.cycle(requests), number, None):
                asking.wait()
                if done.is_set():
                    break
                try:
                    taken.append(caller.ask(method, request))
                except grpc.RpcError as error:
                    failures.append(f"{method}: {error.code()}")
            caller.close()

        threads = [threading.Thread(target=ask_on, args=[n]) for n in range(callers)]
        for thread in threads:
            thread.start()
        # In turns, so that what else the machine does falls on both.
        for _ in range(ROUNDS):
            alone += self.send()
            asking.set()
            began = time.monotonic()
            beside += self.send()
            seconds += time.monotonic() - began
            asking.clear()
        calls = list(taken)
        done.set()
        asking.set()
        for thread in threads:
            thread.join()
        print(f"  C-STORE alone: {summary(sorted(alone))}")
        print(f"  beside {callers} callers in a loop: {summary(sorted(beside))}")
        print(
            f"  ratio of medians {statistics.median(beside) / statistics.median(alone):.2f}   "
            f"(target: at most 2); {len(calls) / seconds:.0f} calls a second, "
            f"median {statistics.median(calls):.0f} ms, {len(failures)} failed {failures[:3]}"
        )
        log = self.node.data / "camnode.db-wal"
        if log.exists():
            print(f"  SQLite's log: {log.stat().st_size / 1e6:.0f} MB")

    def close(self):
        self.camnode.close()
        if self.server:
            self.server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=1_000_000)
    parser.add_argument(
        "--database", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"]
    )
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--callers", type=int, default=32)
    parser.add_argument("--directory", help="where databases and films are kept")
    arguments = parser.parse_args()

    print(
        f"{time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} cores, {platform.machine()}, "
        f"load {os.getloadavg()[0]:.1f}"
    )
    for database in arguments.database:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="camnode-queries-", dir=arguments.directory))
        folder.chmod(0o755)  # The server of PostgreSQL runs as another user.
        films_folder = pathlib.Path(tempfile.mkdtemp(prefix="camnode-films-", dir="/dev/shm"))
        print(f"\n{database}, {arguments.films} films", flush=True)
        bench = Bench(folder, films_folder / "films", database)
        try:
            bench.fill(arguments.films)
            bench.one_by_one(arguments.calls)
            bench.together(arguments.callers)
        finally:
            bench.close()
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(films_folder, ignore_errors=True)


if __name__ == "__main__":
    main()
