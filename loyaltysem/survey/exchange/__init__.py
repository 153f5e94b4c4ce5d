"""Readers (later writers) of survey formats; each turns a file into a `RawTable`."""
