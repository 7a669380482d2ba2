"""What a model knows, beside what simpler predictors know."""
