"""Report: one self-contained page and its figures, from values only; it reads no files and knows no runs."""
