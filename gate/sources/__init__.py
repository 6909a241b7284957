"""Where users speak: one file or folder a channel."""
