"""A real single-node Kubernetes on this machine, for demonstrations and tests: the components themselves, no simulation."""
