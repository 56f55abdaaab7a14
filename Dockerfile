# The server with its command line. Build: docker build -t fundops .
# Every package is checked against the hashes of the lock files.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ONLY_BINARY=:all:
WORKDIR /build
COPY requirements.txt requirements-build.txt ./
RUN python -m venv /opt/fundops \
    && /opt/fundops/bin/pip install --require-hashes -r requirements.txt \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes -r requirements-build.txt
COPY pyproject.toml LICENSE ./
COPY migrations migrations
COPY src src
RUN /opt/build/bin/python -m hatchling build -t wheel -d /build/dist \
    && /opt/fundops/bin/pip install --no-deps --no-index /build/dist/*.whl

FROM ${PYTHON_IMAGE}
RUN groupadd --system --gid 10001 fundops \
    && useradd --system --uid 10001 --gid fundops --home-dir /var/lib/fundops \
        --create-home --shell /usr/sbin/nologin fundops
COPY --from=build /opt/fundops /opt/fundops
ENV PATH=/opt/fundops/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER fundops
# The default database, sqlite:///var/fundops.db, is relative to this folder; mount a volume here.
WORKDIR /var/lib/fundops
VOLUME /var/lib/fundops
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4).close()"]
ENTRYPOINT ["fundops"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
