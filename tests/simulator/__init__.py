"""The simulated vendor keeps to the vendor's documentation, and misbehaves exactly as told."""
