"""The training loop as a generator of events; it knows no files, no page, no printing.

Reading order: recipe (rates, schedule, averaging), stages (what is learned in a step), trainer (stages in turn).
"""
