"""Kibana's data views, saved searches and dashboards, made of the readable files in config/kibana/dashboards."""
