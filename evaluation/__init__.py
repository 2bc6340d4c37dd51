"""Scoring of models and metrics of unlearning.

scores      every score as a plain function of arrays; needs no torch
scoring     exact log-probabilities of answers
generate    greedy answers
choice      multiple choice by probability and by letter
rows        both over QA rows, one dict of scores per row
forget/, utility/, stability/, exposure/    the same scores as modules of the `evaluate` library
"""
