"""What a stream or store is made of in Kubernetes: one kind of child a file. Pure: no I/O, no clock."""
