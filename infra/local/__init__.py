"""The embedded system: PostgreSQL, Kafka and the services on one machine, without Docker, root or Java installed.

cache, jars         what is downloaded once and shared by all systems of a user
state, ports        the folder and the ports of one system
postgres, kafka     how each server is prepared, started and asked whether it answers
databases           what is done with a PostgreSQL server that runs
processes           the list of everything that runs, with its environment
launch, child       one process that cannot outlive its parent
supervisor, system  start in order, restart what dies, stop in order
doctor              what is wrong with this machine or this folder, and how to fix it
"""
