# Images of every deployable, from one file:
#
#     docker build --target gateway        -t weft-gateway .
#     docker build --target query          -t weft-query .
#     docker build --target writer         -t weft-writer .
#     docker build --target scoring-worker -t weft-scoring-worker .
#     docker build --target cli            -t weft-cli .
#     docker build --target all-in-one     -t weft .            (the default)
#
# They hold Node, one bundle and the C library: no shell, no package manager. They run as uid 65532, need no capability,
# and write below /var/lib/weft and /tmp only, so that the root file system can be read-only.

# Exact, and for `docker build` to move: the tag of the base below always means "the newest build of Debian 12". Give both a
# digest (`--build-arg NODE_IMAGE=image:tag@sha256:…`) where builds must repeat byte by byte.
ARG NODE_IMAGE=node:22.23.3-bookworm-slim
ARG BASE_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json ./
RUN npm install --global --ignore-scripts "$(node -p 'require("./package.json").packageManager')"
COPY . .
# Development dependencies too: the bundler is one. What the image gets is chosen by image-root.mjs.
RUN --mount=type=cache,id=weft-pnpm,target=/pnpm/store \
    CI=true pnpm install --frozen-lockfile --store-dir=/pnpm/store --package-import-method=copy
RUN node scripts/image-root.mjs /image && install -d -m 0700 /data/weft

FROM ${NODE_IMAGE} AS node

FROM ${BASE_IMAGE} AS runtime
COPY --from=node /usr/local/bin/node /usr/local/bin/node
# A volume mounted here starts with these rights.
COPY --from=build --chown=65532:65532 /data/ /var/lib/
ENV NODE_ENV=production
WORKDIR /app
USER 65532:65532
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/node", "/app/main.mjs"]

FROM runtime AS cli
COPY --from=build /image/cli /app

# The services of a cluster answer probes on WEFT_METRICS_PORT, apart from their API.
FROM runtime AS service
ENV WEFT_METRICS_HOST=0.0.0.0 WEFT_METRICS_PORT=9464
EXPOSE 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["/usr/local/bin/node", "/app/healthcheck.mjs"]

FROM service AS gateway
ENV GATEWAY_HOST=0.0.0.0 GATEWAY_PORT=6345
EXPOSE 6345 4317
COPY --from=build /image/gateway /app

FROM service AS query
ENV QUERY_HOST=0.0.0.0 QUERY_PORT=6346
EXPOSE 6346
COPY --from=build /image/query /app

FROM service AS writer
ENV WRITER_HOST=0.0.0.0 WRITER_PORT=6347
EXPOSE 6347
COPY --from=build /image/writer /app

FROM service AS scoring-worker
ENV SCORING_WORKER_HOST=0.0.0.0 SCORING_WORKER_PORT=6348
EXPOSE 6348
COPY --from=build /image/scoring-worker /app

# Everything in one process, with its own ClickHouse and log in /var/lib/weft. Needs WEFT_KEYS_FILE: it listens for others.
FROM runtime AS all-in-one
EXPOSE 6345 4317
VOLUME /var/lib/weft
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["/usr/local/bin/node", "/app/healthcheck.mjs", "/livez", "6345"]
COPY --from=build /image/all-in-one /app
CMD ["--host", "0.0.0.0", "--port", "6345", "--data-dir", "/var/lib/weft"]
