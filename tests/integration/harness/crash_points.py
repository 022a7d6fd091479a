"""The places at which the programs can be made to die, and how each is reached."""

import re

from harness.settings import REPOSITORY

NODE, WORKER = "camnode", "camnode-worker"

# Every CrashPoint("name") of the sources, with the programs that pass it while a
# film travels from sender to PACS.
REACHED_BY = {
    # A film or an object on its way to the disk.
    "after_blob_write": (NODE, WORKER),
    "after_blob_fsync": (NODE, WORKER),
    "after_blob_rename": (NODE, WORKER),
    "after_blob_directory_fsync": (NODE, WORKER),
    # Instance and job.
    "before_instance_commit": (NODE,),
    "after_instance_commit": (NODE,),
    "before_doorbell_ring": (NODE, WORKER),
    # A job at a worker.
    "after_lease_commit": (WORKER,),
    "after_job_start": (WORKER,),
    "before_result_commit": (WORKER,),
    "after_result_commit": (WORKER,),
    # A delivery.
    "after_delivery_lease_commit": (NODE,),
    "before_delivered_commit": (NODE,),
    "after_delivered_commit": (NODE,),
}


def in_sources():
    """Names of all crash points in the tree."""
    found = set()
    for folder in ("core", "scp", "services"):
        for path in (REPOSITORY / folder).rglob("*.cc"):
            found |= set(re.findall(r'\bCrashPoint\("([a-z0-9_]+)"\)', path.read_text()))
    return found
