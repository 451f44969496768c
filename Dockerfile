# check=error=true

# A small image with the exporter alone. To build it:
#   docker build --build-arg EXPORTER_REVISION="$(git rev-parse --short=12 HEAD)" -t wolkvox-exporter .
# To run it, the state on a volume (a counter that has been scraped must survive the container):
#   docker run -p 10555:10555 -v wolkvox-state:/var/lib/wolkvox-exporter -e WOLKVOX_SERVER=0010 -e WOLKVOX_TOKEN_FILE=/run/secrets/token \
#     -v "$PWD/token:/run/secrets/token:ro" wolkvox-exporter
#
# Both images are named with their digest: the same commit gives the same image. For a newer one of the same name:
#   docker buildx imagetools inspect gcr.io/distroless/cc-debian12:nonroot

# The same Debian as in the last stage, so that the C library fits.
FROM rust:1.95-slim-bookworm@sha256:d7482085ff5b415f84dba5647ae71606650bdef00db7aeb69f4b3d170c3e4082 AS chef
WORKDIR /build
# cargo-auditable writes the list of crates into the program: scanners of images read it there.
RUN cargo install cargo-chef --version 0.1.77 --locked \
    && cargo install cargo-auditable --version 0.7.7 --locked

# What the dependencies are, without our code: the next layer is built anew only when this changes.
FROM chef AS planner
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM chef AS builder
COPY --from=planner /build/recipe.json recipe.json
RUN cargo chef cook --release --locked --recipe-path recipe.json
COPY . .
# There is no .git in here: the revision of wolkvox_exporter_build_info is handed in.
ARG EXPORTER_REVISION=unknown
RUN EXPORTER_REVISION="$EXPORTER_REVISION" cargo auditable build --release --locked --bin wolkvox-exporter \
    && mkdir -p /rootfs/var/lib \
    && mkdir -m 2770 /rootfs/var/lib/wolkvox-exporter

# The C library, the system's root certificates, an entry for nonroot; no shell.
FROM gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f
ARG EXPORTER_REVISION=unknown
ARG EXPORTER_VERSION=unknown
# Where the sources are: the release workflow hands it in.
ARG EXPORTER_SOURCE=
LABEL org.opencontainers.image.title="wolkvox-exporter" \
      org.opencontainers.image.description="Prometheus exporter for Wolkvox contact centres" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$EXPORTER_VERSION" \
      org.opencontainers.image.revision="$EXPORTER_REVISION" \
      org.opencontainers.image.source="$EXPORTER_SOURCE" \
      org.opencontainers.image.base.name="gcr.io/distroless/cc-debian12:nonroot"
# The state directory, writable for group 0 as well: OpenShift runs containers as any user, but in that group. Its parent is
# copied, since not every builder gives the mode to a directory that COPY makes.
COPY --from=builder --chown=65532:0 /rootfs/var/lib/ /var/lib/
COPY --from=builder /build/target/release/wolkvox-exporter /usr/local/bin/wolkvox-exporter
ENV WOLKVOX_STATE_DIR=/var/lib/wolkvox-exporter
# glibc gives memory back: by itself it keeps more the larger a poll was, and keeps some for each thread. See docs/operating.md.
ENV MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072
VOLUME /var/lib/wolkvox-exporter
EXPOSE 10555
# By number: Kubernetes' runAsNonRoot can't tell from a name.
USER 65532:65532
# There is no curl to ask with. Passwords, TLS and client certificates of a web configuration don't hold it up; with another port
# of `demo --listen` it needs the same `--listen`.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["/usr/local/bin/wolkvox-exporter", "health"]
# No shell in between: SIGTERM reaches the exporter, which handles it as process 1 too.
ENTRYPOINT ["/usr/local/bin/wolkvox-exporter"]
