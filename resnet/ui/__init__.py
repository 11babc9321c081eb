"""The page: Gradio's widgets and their wiring, nothing else."""
