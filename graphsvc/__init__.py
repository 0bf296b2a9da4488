"""The service: evidence in, one certified score per purpose out."""
