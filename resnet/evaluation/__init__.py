"""How good a model is, and how sure one can be of it."""

LOOKED_AT_AGAIN = 8  # pictures whose logits are known; here, where it comes without an engine
