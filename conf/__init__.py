"""Hydra configurations, shipped as `nmt.conf`."""
