"""A seeded fuzzer of all that comes in from outside: pictures, archives, files of weights, the workspace's folders."""
