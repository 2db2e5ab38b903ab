"""A real single-node Kubernetes on this machine, for demonstrations and tests: nothing is simulated."""
