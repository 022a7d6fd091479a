"""The places at which the programs can be made to die, and how each is reached."""

import re

from harness.settings import REPOSITORY

NODE, WORKER = "camnode", "camnode-worker"

# Every CrashPoint("name") of the sources, with the programs that pass it while a
# film travels from sender to PACS.
REACHED_BY = {
    # A film comes in.
    "after_association_accept": (NODE,),
    "after_dataset_received": (NODE,),
    "after_header_read": (NODE,),
    # A film or an object on its way to the disk.
    "after_blob_write": (NODE, WORKER),
    "after_blob_fsync": (NODE, WORKER),
    "after_blob_rename": (NODE, WORKER),
    "after_blob_directory_fsync": (NODE, WORKER),
    # Instance and job, and the answer to the sender.
    "before_instance_commit": (NODE,),
    "after_instance_commit": (NODE,),
    "before_doorbell_ring": (NODE, WORKER),
    "before_store_response": (NODE,),
    "after_store_response": (NODE,),
    # A job at a worker.
    "after_lease_commit": (WORKER,),
    "after_lease": (WORKER,),
    "after_job_start": (WORKER,),
    "after_start": (WORKER,),
    "after_decode": (WORKER,),
    "after_classify": (WORKER,),
    "after_output_blob": (WORKER,),
    "before_commit": (WORKER,),
    "before_result_commit": (WORKER,),
    "after_result_commit": (WORKER,),
    "after_commit": (WORKER,),
    # A delivery.
    "after_delivery_lease_commit": (NODE,),
    "after_delivery_lease": (NODE,),
    "after_cstore_sent": (NODE,),
    "before_delivered_commit": (NODE,),
    "after_delivered_commit": (NODE,),
    "after_delivery_settled": (NODE,),
}

# Passed by the node when other bytes come under a UID that is here
# (test_quarantine.py).
REACHED_BY_CONFLICT = {
    "before_quarantine_commit": (NODE,),
    "after_quarantine_commit": (NODE,),
    "after_quarantine_removal": (NODE,),
}


def in_sources():
    """Names of all crash points in the tree."""
    found = set()
    for folder in ("core", "scp", "services"):
        for path in (REPOSITORY / folder).rglob("*.cc"):
            found |= set(re.findall(r'\bCrashPoint\("([a-z0-9_]+)"\)', path.read_text()))
    return found
