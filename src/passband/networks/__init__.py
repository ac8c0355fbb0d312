"""Networks that tell the particles of a micrograph from its background: tensors in, logits out."""
