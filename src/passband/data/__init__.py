"""From waves to what a network sees: splits, pools of noiseless images, batches with noise."""
