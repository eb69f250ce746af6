"""The embedded executor: one resource, one process, the same steps as in the cluster."""
