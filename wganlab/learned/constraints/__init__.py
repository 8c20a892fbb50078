"""What keeps a critic's slope, and what is proven about it."""
