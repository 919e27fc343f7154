# syntax=docker/dockerfile:1@sha256:ecfaec9ed6d810b56388c508f4121597bfbba70d41a6dfeee4d8cad5f295fc32

# The build runs on the builder's own platform and cross-compiles; nothing is emulated.
FROM --platform=$BUILDPLATFORM golang:1.26.8@sha256:6c2a5538f964f1c82f97ad14988bf05de100d922d159d0e398b54c7b0ca0c6c9 AS build
WORKDIR /src
# Modules change seldom: this layer outlives changes of the source.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
ARG TARGETOS
ARG TARGETARCH
RUN GOOS=${TARGETOS} GOARCH=${TARGETARCH} make build VERSION=${VERSION}

FROM scratch
ARG VERSION=dev
LABEL org.opencontainers.image.title="redis-metrics-adapter" \
      org.opencontainers.image.description="Serves metrics of Redis to the HorizontalPodAutoscaler over custom.metrics.k8s.io" \
      org.opencontainers.image.source="https://github.com/redis-metrics/redis-metrics-adapter" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
# Whom spec.tls of a Redis object trusts if it names no authority. The cluster's own CA comes with the service account.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/bin/redis-metrics-adapter /redis-metrics-adapter
# By number: without /etc/passwd no name resolves, and runAsNonRoot can check a number only.
USER 65532:65532
EXPOSE 6443
ENTRYPOINT ["/redis-metrics-adapter"]
