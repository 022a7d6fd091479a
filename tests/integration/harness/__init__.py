"""Real programs for the integration tests: start them, feed them, watch them, end them."""

import os

# Before grpc is imported: its handler of fork() waits for a thread of its own, which at times
# waits for it, and we fork for every program that a test starts.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
