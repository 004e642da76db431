"""What leaves the pipeline for others to use: tables, figures, the Economic Index's format, a manifest of digests."""
