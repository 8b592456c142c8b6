"""The worker: relays facts to the broker, and carries out what they call for."""
