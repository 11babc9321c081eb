"""The training loop as a generator of events; it knows no files, no page, no printing.

Reading order: stage (what stages share), recipe (rates, schedule, averaging and the like), folds (the head's weight
decay), head, finder (of the learning rate), augment and loader (batches), full, trainer (stages in turn).
"""
