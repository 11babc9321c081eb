"""Data: pictures, archives, import, split. Free of torch (but for `batches`), so that it starts at once."""
