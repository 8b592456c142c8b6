"""All of MongoDB: documents, the one write path, the log, and the queries. Nothing outside knows the driver."""
