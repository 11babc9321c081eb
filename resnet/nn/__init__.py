"""The network. variants.py: the table, without torch. network.py: the assembly, of blocks.py, stem.py and layers.py.

Beside them: features.py (maps between the stages), pruned.py and cifar.py (what few variants need).
"""
