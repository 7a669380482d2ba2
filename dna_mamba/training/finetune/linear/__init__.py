"""Linear models of features, their settings chosen on rows that are not those they are judged by."""
