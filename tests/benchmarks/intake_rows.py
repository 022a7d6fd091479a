"""A database with a past: rows of finished films, as if a node had run for years."""


def add_finished_films(database, count):
    """One study, instance, done job, analysis, object and delivery each, by SQL alone."""
    database.execute("PRAGMA synchronous = OFF")
    (first,) = database.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM job").fetchone()
    numbers = f"WITH RECURSIVE n (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM n LIMIT {count}) "
    # Random as real UIDs and digests are: it is what spreads them over an index.
    uid = "printf('2.25.%018d%018d%d', abs(random() % 1000000000000000000), n, {})"
    for table, columns, values in (
        (
            "study",
            "study_instance_uid, first_received_ms, last_received_ms",
            f"{uid.format(1)}, n, n",
        ),
        ("instance", *_instance(uid)),
        ("job", *_job()),
        ("analysis", *_analysis()),
        ("derived_instance", *_derived(uid)),
        ("delivery", *_delivery()),
    ):
        database.execute(f"{numbers} INSERT INTO {table} ({columns}) SELECT {values} FROM n")
        database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _instance(uid):
    return (
        "id, sop_instance_uid, series_instance_uid, study_instance_uid, sop_class_uid, "
        "transfer_syntax_uid, media_type, blob_id, sha256, size_bytes, modality, calling_ae, "
        "called_ae, received_ms, own_output",
        f"n, {uid.format(2)}, {uid.format(3)}, "
        "(SELECT study_instance_uid FROM study WHERE last_received_ms = n), "
        "'1.2.840.10008.5.1.4.1.1.1', '1.2.840.10008.1.2.1', 'dicom', "
        "lower(hex(randomblob(16))), lower(hex(randomblob(32))), 20000, 'CR', 'SENDER', "
        "'CAMNODE', n, 0",
    )


def _job():
    return (
        "id, kind, subject, workflow, model_set, priority, state, attempt, failures, "
        "interruptions, started, alone, available_ms, analysis_started_ms, created_ms, "
        "finished_ms, leased_by, last_error, deliver, extra_destinations",
        "n, 'analyze', n, 'default', 'resnet18/1 efficientnet_b0/1 densenet121/1', 100, 'done', "
        "1, 0, 0, 0, 0, NULL, n, n, n, '', '', 1, ''",
    )


def _analysis():
    return (
        "id, job_id, instance_id, workflow, model_set, threshold_set, outcome, reason_code, "
        "reason, agreement_models, agreement_overlap, agreement_distance, agreement_correlation, "
        "agreement_sentence, display_blob_id, started_ms, finished_ms, decode_ms, render_ms",
        "n, n, n, 'default', 'models', 'thresholds', 'analyzed', '', '', 3, 0.5, 0.1, 0.9, "
        "'They agree.', lower(hex(randomblob(16))), n, n, 1.0, 1.0",
    )


def _derived(uid):
    return (
        "id, analysis_id, kind, model, sop_instance_uid, sop_class_uid, series_instance_uid, "
        "study_instance_uid, transfer_syntax_uid, blob_id, sha256, size_bytes",
        f"n, n, 'panel', '', {uid.format(4)}, '1.2.840.10008.5.1.4.1.1.7', {uid.format(5)}, "
        "'2.25.1', '1.2.840.10008.1.2.1', lower(hex(randomblob(16))), "
        "lower(hex(randomblob(32))), 20000",
    )


def _delivery():
    return (
        "id, derived_instance_id, destination, state, attempt, failures, last_status, "
        "last_error, available_ms, created_ms, delivered_ms",
        "n, n, 'pacs', 'delivered', 1, 0, 0, '', NULL, n, n",
    )
