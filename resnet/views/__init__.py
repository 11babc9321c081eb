"""Run data becomes sentences, tables and figures, in the reader's language; nothing here knows Gradio."""
