"""The network: its layers and assembly (network.py, needs torch) and the table of its variants (variants.py)."""
