"""All of MongoDB: documents, the one write path, the log, the queries. Nothing outside knows the driver."""
