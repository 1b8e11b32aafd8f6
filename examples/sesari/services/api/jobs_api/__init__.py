"""The example's HTTP api: takes jobs, stores them in Postgres and puts them on the queue."""
