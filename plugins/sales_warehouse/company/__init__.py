"""A company is a folder of configuration."""
