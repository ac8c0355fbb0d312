"""The training loop: pools of images in, weights and history out."""
