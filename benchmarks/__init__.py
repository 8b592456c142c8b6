"""What Tocsin's speed and memory are, measured on real servers; `make bench` prints it."""
