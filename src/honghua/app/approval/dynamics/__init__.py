"""Limits that move with conduct, measured on people whose lives go on: low start and steps, loss by segment, scores in life."""
