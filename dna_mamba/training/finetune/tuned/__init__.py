"""Task models trained by gradients: all of an encoder, its last layers, or adapters in it."""
