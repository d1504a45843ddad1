"""forny as a black box: only its command line, against an outside written from the documents alone."""
