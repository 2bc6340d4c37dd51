"""Scoring of models and metrics of unlearning.

registry       every metric by name: what it measures, what it needs, where it is computed
metrics/       the metrics as plain functions of arrays; no torch
likelihood/    exact log-probabilities of answers
answers/       generated and chosen answers, and per-row scores
harness/       models behind an API, general tasks of lm-eval and lmms-eval
<metric>/      a metric as a module of the `evaluate` library, with its Space; `module` and `inputs` serve all
space_app/     the web page that the Spaces share
"""
