"""All of RabbitMQ: connections that mend themselves, what is declared, publishing and consuming."""
