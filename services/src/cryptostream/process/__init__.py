"""What every long-running process of ours needs of its system, whatever runs in it."""
