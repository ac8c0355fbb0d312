"""From predictions and masks to scores, image by image and particle by particle."""
