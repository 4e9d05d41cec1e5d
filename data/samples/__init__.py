"""Small collections written for this project, in BEIR form; installed as the package `ance_samples`."""
