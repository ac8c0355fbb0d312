"""A user's own image: reading it, what its pixels mean, and its segmentation by a trained network."""
