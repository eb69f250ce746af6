# What of the public image the operator uses: `influxd`, found by its name.
ARG BASE
FROM ${BASE}
COPY influxd /usr/local/bin/influxd
USER 1000:1000
CMD ["influxd"]
