"""Waveforms and measurements: made once by the worker, kept as long as the audio."""
