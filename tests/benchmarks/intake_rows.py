"""A database with a past: rows of finished films, as if a node had run for years."""

import subprocess

_PSQL = "/usr/lib/postgresql/15/bin/psql"


class Sqlite:
    """`database`: a connection of sqlite3."""

    def __init__(self, database):
        self._database = database
        # Random keys go all over an index, which therefore should lie in memory.
        for pragma in ("synchronous = OFF", "cache_size = -1000000"):
            database.execute(f"PRAGMA {pragma}")

    def run(self, sql):
        self._database.execute(sql)
        self._database.commit()

    def first_free(self):
        ((first,),) = self._database.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM job")
        return first

    def finish(self):
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def numbers(self, first, count):
        return (
            f"WITH RECURSIVE n (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM n LIMIT {count})"
        )

    def uid(self, kind):
        return f"printf('2.25.%018d%018d%d', abs(random() % 1000000000000000000), n, {kind})"

    def hexadecimal(self, size):
        return f"lower(hex(randomblob({size})))"

    def zeros(self, size):
        return f"zeroblob({size})"


class Postgres:
    def __init__(self, uri):
        self._uri = uri

    def run(self, sql):
        done = subprocess.run(
            [_PSQL, "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-c", sql, self._uri],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def first_free(self):
        return int(self.run("SELECT COALESCE(MAX(id), 0) + 1 FROM job"))

    def finish(self):
        for table in ("instance", "job", "analysis", "derived_instance", "delivery"):
            self.run(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), MAX(id)) FROM {table}"
            )
        self.run("CHECKPOINT")

    def numbers(self, first, count):
        return f"WITH n AS (SELECT generate_series({first}, {first + count - 1}) AS n)"

    def uid(self, kind):
        draw = "lpad(CAST(floor(random() * 1e18) AS BIGINT)::text, 18, '0')"
        return f"'2.25.' || {draw} || lpad(n::text, 18, '0') || {kind}"

    def hexadecimal(self, size):
        return f"substr(md5(random()::text) || md5(random()::text), 1, {2 * size})"

    def zeros(self, size):
        return f"decode(repeat('00', {size}), 'hex')"


def add_finished_films(database, count):
    """By SQL alone, of each film: a study of its own, the instance, a done job, its analysis
    with three models' results, a panel and its delivery, the event."""
    first = database.first_free()
    numbers = database.numbers(first, count)
    for table, columns, values in _tables(database):
        database.run(f"{numbers} INSERT INTO {table} ({columns}) SELECT {values} FROM n")
    database.run(
        "INSERT INTO destination_count (destination, delivered) "
        "SELECT destination, COUNT(*) FROM delivery GROUP BY destination"
    )
    database.run("UPDATE event_counter SET last_number = (SELECT MAX(number) FROM event)")
    database.finish()


def _tables(database):
    # Random as real UIDs and digests are: it is what spreads them over an index.
    uid = database.uid
    yield (
        "study",
        "study_instance_uid, first_received_ms, last_received_ms, instances, analyzed",
        f"{uid(1)}, n, n, 1, 1",
    )
    yield ("instance", *_instance(database))
    yield (
        "job",
        "id, kind, subject, workflow, model_set, priority, state, attempt, failures, "
        "interruptions, started, alone, available_ms, analysis_started_ms, created_ms, "
        "finished_ms, leased_by, last_error, deliver, extra_destinations",
        "n, 'analyze', n, 'default', 'resnet18/1 efficientnet_b0/1 densenet121/1', 100, 'done', "
        "1, 0, 0, 0, 0, NULL, n, n, n, '', '', 1, ''",
    )
    yield (
        "analysis",
        "id, job_id, instance_id, workflow, model_set, threshold_set, outcome, reason_code, "
        "reason, agreement_models, agreement_overlap, agreement_distance, agreement_correlation, "
        "agreement_sentence, display_blob_id, started_ms, finished_ms, decode_ms, render_ms",
        "n, n, n, 'default', 'models', 'thresholds', 'analyzed', '', '', 3, 0.5, 0.1, 0.9, "
        f"'They agree.', {database.hexadecimal(16)}, n, n, 1.0, 1.0",
    )
    for number, model in enumerate(("resnet18", "efficientnet_b0", "densenet121")):
        yield ("model_result", *_model_result(database, number, model))
    yield (
        "derived_instance",
        "id, analysis_id, kind, model, sop_instance_uid, sop_class_uid, series_instance_uid, "
        "study_instance_uid, transfer_syntax_uid, blob_id, sha256, size_bytes",
        f"n, n, 'panel', '', {uid(4)}, '1.2.840.10008.5.1.4.1.1.7', {uid(5)}, "
        f"'2.25.1', '1.2.840.10008.1.2.1', {database.hexadecimal(16)}, "
        f"{database.hexadecimal(32)}, 20000",
    )
    yield ("analysis_output", "analysis_id, number, derived_instance_id", "n, 0, n")
    yield (
        "delivery",
        "id, derived_instance_id, destination, state, attempt, failures, last_status, "
        "last_error, available_ms, created_ms, delivered_ms",
        "n, n, 'pacs', 'delivered', 1, 0, 0, '', NULL, n, n",
    )
    yield (
        "event",
        "number, kind, analysis_id, job_id, instance_id, created_ms",
        "n, 'analysis_committed', n, n, n, n",
    )


def _instance(database):
    return (
        "id, sop_instance_uid, series_instance_uid, study_instance_uid, sop_class_uid, "
        "transfer_syntax_uid, media_type, blob_id, sha256, size_bytes, modality, calling_ae, "
        "called_ae, received_ms, own_output",
        f"n, {database.uid(2)}, {database.uid(3)}, "
        "(SELECT study_instance_uid FROM study WHERE last_received_ms = n), "
        "'1.2.840.10008.5.1.4.1.1.1', '1.2.840.10008.1.2.1', 'dicom', "
        f"{database.hexadecimal(16)}, {database.hexadecimal(32)}, 20000, 'CR', 'SENDER', "
        "'CAMNODE', n, 0",
    )


def _model_result(database, number, model):
    return (
        "analysis_id, number, model, version, weights_sha256, label, logit, probability, "
        "threshold, positive, heatmap, heatmap_rows, heatmap_columns, heatmap_peak, film_width, "
        "film_height, region_x, region_y, region_width, region_height, duration_ms",
        f"n, {number}, '{model}', '1', '{'0' * 64}', 'pneumonia', 1.5, 0.8, 0.5, 1, "
        f"{database.zeros(196)}, 7, 7, 2.5, 2000, 1800, 0, 0, 2000, 1800, 20.0",
    )
