"""The training loop as a generator of events; it knows no files, no page, no printing.

Reading order: stage (what stages share), recipe (rates, schedule, averaging), head, full, trainer (stages in turn).
"""
