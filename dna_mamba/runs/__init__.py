"""Long jobs that stop and resume, whatever they compute: progress, stores of lines and arrays, shards, provenance."""
