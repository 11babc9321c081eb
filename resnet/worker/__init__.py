"""One run, from its folder. The worker is a process of its own and the only one that writes there."""
