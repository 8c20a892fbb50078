"""What the two players optimize, and the distance that it tells of."""
