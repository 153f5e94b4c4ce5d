"""Readers and writers of survey formats: questionnaires in `formats`, answers in `answer_files`."""
