"""Fits the upper layer of blend: the small correction above the linear model, and its temperature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tools.train_blend.fitting import Doubles, Examples, Ints, log_loss, minimise

SEEDS = tuple(range(11, 19))
"""Of the random starts. Where one layer ends depends on where it starts: alone, by 0.001 of AUC on tweets held out and by up
to 0.009 on a game; the mean of several is better than any of them."""


def calibrate(logits: Doubles, label: Ints) -> tuple[float, Doubles]:
    """The temperature and the shift of the logits under which these labels are likeliest."""

    def objective(values: Doubles) -> tuple[float, Doubles]:
        moved = logits + values[1:]
        loss, slope = log_loss(moved * values[0], label, np.ones(len(label)))
        gradient = np.concatenate([[(slope * moved).sum()], slope.sum(axis=0) * values[0]])
        return loss / len(label), gradient / len(label)

    found = minimise(objective, np.array([1.0, 0.0, 0.0, 0.0]), 100)
    return 1 / float(found[0]), found[1:] - found[1:].mean()


@dataclass(frozen=True)
class Correction:
    """The hidden layer over the linear logits and the dense features."""

    center: Doubles
    spread: Doubles
    hidden: Doubles
    hidden_bias: Doubles
    output: Doubles
    output_bias: Doubles

    def apply(self, logits: Doubles, dense: Doubles) -> Doubles:
        """The corrected logits."""
        inputs = (np.hstack([logits, dense]) - self.center) / self.spread
        inner = np.tanh(inputs @ self.hidden + self.hidden_bias)
        return np.asarray(logits + inner @ self.output + self.output_bias)


def fit_correction(logits: Doubles, data: Examples) -> Correction:
    """Fit hidden layers on logits of posts the linear model had not seen, and return their mean: one wide layer.

    Here thumbs count as three-class posts that are never neutral: the layer sees length, links
    and mentions, so it learns that what reads like a review is seldom neutral.
    """
    layers = [_fit_layer(logits, data, seed) for seed in SEEDS]
    return Correction(
        center=layers[0].center,
        spread=layers[0].spread,
        hidden=np.hstack([layer.hidden for layer in layers]),
        hidden_bias=np.concatenate([layer.hidden_bias for layer in layers]),
        output=np.vstack([layer.output for layer in layers]) / len(layers),
        output_bias=np.mean([layer.output_bias for layer in layers], axis=0),
    )


def _fit_layer(
    logits: Doubles, data: Examples, seed: int, units: int = 12, penalty: float = 3.0, steps: int = 150
) -> Correction:
    raw = np.hstack([logits, data.dense])
    center, spread = raw.mean(axis=0), raw.std(axis=0) + 1e-3
    inputs = (raw - center) / spread
    shapes = [(inputs.shape[1], units), (1, units), (units, 3), (1, 3)]
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    start = np.random.default_rng(seed).normal(0, 0.15, int(ends[-1]))
    start[ends[1] :] = 0.0

    def split(values: Doubles) -> list[Doubles]:
        parts = np.split(values, ends[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

    def objective(values: Doubles) -> tuple[float, Doubles]:
        hidden, hidden_bias, output, bias = split(values)
        inner = np.tanh(inputs @ hidden + hidden_bias)
        loss, slope = log_loss(logits + inner @ output + bias, data.label, data.weight)
        back = (slope @ output.T) * (1 - inner**2)
        gradient = [
            inputs.T @ back + penalty * hidden,
            back.sum(axis=0, keepdims=True),
            inner.T @ slope + penalty * output,
            slope.sum(axis=0, keepdims=True),
        ]
        loss += 0.5 * penalty * float((hidden**2).sum() + (output**2).sum())
        return loss, np.concatenate([part.ravel() for part in gradient])

    hidden, hidden_bias, output, bias = split(minimise(objective, start, steps))
    return Correction(center, spread, hidden, hidden_bias[0], output, bias[0])
