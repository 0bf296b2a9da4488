"""What ships with the service: purposes, programmes, import mappings and the demo data."""
