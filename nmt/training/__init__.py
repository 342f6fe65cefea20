"""Training: Hydra configurations in, a run directory with a model package out. Lightning and Hydra live here alone."""
