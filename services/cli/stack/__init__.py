"""The development stack: a real MongoDB and a real RabbitMQ, private to one data folder and one launcher.

`make run`, the tests and the benchmarks start it. Servers whose addresses are given are used as they are; the
others come from this machine (installed when missing), else from Docker. They listen on loopback only, keep
everything under the data folder, and die with the launcher however that dies.

Standard library only, so that it loads at once. Nothing here is used in production.
"""
