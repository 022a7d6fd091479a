"""Real programs for the integration tests: start them, feed them, watch them, end them."""
