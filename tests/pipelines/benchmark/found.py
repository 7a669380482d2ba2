"""Made-up results of runs on one set."""

from pipelines.benchmark.plan import TaskSet
from pipelines.benchmark.runs import Outcome

SET = TaskSet(name="own", title="Own set", source="own", metric="auroc", table="t.tsv")


def metrics(mean, metric="auroc", folds=(-0.01, 0.01)):
    return {metric: {"mean": mean, "low": mean - 0.01, "high": mean + 0.01, "per_fold": [mean + x for x in folds]}}


def outcomes(probe, kmers, tuned=None):
    facts = {"task": "classification", "n": 1200, "folds": 5, "leaks": {}, "interval": "t"}
    methods = {"probe": metrics(probe), "majority": metrics(0.5), "kmer-logistic": metrics(kmers)}
    methods["random-weights"] = metrics(0.7, folds=(-0.02, 0.02))
    tuned_methods = {"full": metrics(tuned or 0.0), "kmer-logistic": metrics(0.75), "random-weights": metrics(0.6)}
    few = Outcome(facts | {"n": 300, "methods": tuned_methods}, {"full": 60.0}) if tuned else Outcome(None, {}, "oh")
    return {"probe": Outcome(facts | {"methods": methods}, {"probe": 30.0, "majority": 30.0}), "tuned": few}
