"""The resources: frozen spec, parsing with all faults, and the plan that both executors carry out."""
