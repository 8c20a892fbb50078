"""Networks of critics and generators, and what describes them."""
