"""One module per file format; each lists the signals of a file and reads no pixels before it is asked to.

``open_signals(path)`` is a context in which the signals can be read. It raises UserError for what is sound
but not
wanted, and any other exception for a damaged file: the reader turns those into one sentence.
"""
