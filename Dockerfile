# The images of CryptoStream, from one file:
#
#   docker build --target services --tag cryptostream/services .
#   docker build --target operator --tag cryptostream/operator .
#
# BASE is any image with Python 3.11 or newer and its module venv. Libraries are those of uv.lock, checked by hash. Where
# no package index is at hand, PIP_NO_INDEX=1 and PIP_FIND_LINKS=<folder of wheels> are passed as build arguments, too.
ARG BASE=python:3.11-slim-bookworm

# ------------------------------------------------------------ what builds, and stays behind
FROM ${BASE} AS build
ARG UV_VERSION=0.13.9
ARG PIP_NO_INDEX
ARG PIP_FIND_LINKS
ENV PATH=/build/tools/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_QUIET=1 \
    PIP_NO_INDEX=$PIP_NO_INDEX PIP_FIND_LINKS=$PIP_FIND_LINKS
WORKDIR /build
RUN python3 -m venv tools && pip install uv==${UV_VERSION} && python3 -m venv --without-pip /opt/cryptostream
COPY uv.lock pyproject.toml ./
COPY services/pyproject.toml services/README.md services/
COPY operator/pyproject.toml operator/README.md operator/

FROM build AS build-services
RUN uv export --quiet --frozen --no-dev --no-emit-workspace --package cryptostream --extra services \
      --output-file requirements.txt \
 && pip --python /opt/cryptostream install --require-hashes --no-deps --requirement requirements.txt
COPY services/src services/src
RUN pip --python /opt/cryptostream install --no-deps ./services

# kubernetes/aio is the same client once more, 65 MB, which nothing uses.
FROM build AS build-operator
RUN uv export --quiet --frozen --no-dev --no-emit-workspace --package cryptostream-operator \
      --output-file requirements.txt \
 && pip --python /opt/cryptostream install --require-hashes --no-deps --requirement requirements.txt
COPY services/src services/src
COPY operator/src operator/src
RUN pip --python /opt/cryptostream install --no-deps ./services ./operator \
 && rm -r /opt/cryptostream/lib/python*/site-packages/kubernetes/aio

# ------------------------------------------------------------ what runs: nobody's rights, under a name that libraries ask for
FROM ${BASE} AS run
RUN echo 'cryptostream:x:10001:10001::/:/usr/sbin/nologin' >>/etc/passwd
ENV PATH=/opt/cryptostream/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
LABEL org.opencontainers.image.vendor=CryptoStream \
      org.opencontainers.image.version=0.1.0 \
      org.opencontainers.image.licenses=Apache-2.0

# producers, consumers, and the other verbs
FROM run AS services
LABEL org.opencontainers.image.title="CryptoStream services" \
      org.opencontainers.image.description="Producer, consumer and the other verbs of cryptostream"
COPY --from=build-services /opt/cryptostream /opt/cryptostream
ENTRYPOINT ["cryptostream"]

FROM run AS operator
LABEL org.opencontainers.image.title="CryptoStream operator" \
      org.opencontainers.image.description="Kubernetes operator that reconciles CryptoStream resources"
COPY --from=build-operator /opt/cryptostream /opt/cryptostream
ENTRYPOINT ["python", "-m", "cryptostream_operator"]
