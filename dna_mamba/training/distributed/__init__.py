"""Many processes that train one model; neither a task nor the loop is known here."""
