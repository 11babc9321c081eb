"""Models to take away: a zip with the model in a usual format, checked, and a script of 15 lines that runs it."""

FORMATS = ("safetensors", "onnx", "onnx-int8", "torch-export")  # the names that --to takes
