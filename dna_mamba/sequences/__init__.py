"""Places to letters, without torch: contig names, a cached genome, windows, tiles, regions."""
