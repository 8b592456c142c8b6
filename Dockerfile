# One image for both processes: the API is its command, and a worker is `python -m services.worker`.

FROM python:3.11-slim AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# The environment that is shipped has no pip: the pip of this stage fills it from outside.
RUN python -m venv --without-pip /opt/tocsin
COPY requirements.txt ./
RUN pip --python /opt/tocsin/bin/python install --require-hashes --no-deps --requirement requirements.txt

# What builds our own wheel is locked with its hash too, among the requirements of development.
COPY requirements-dev.txt ./
RUN awk '/^[a-z]/ {wanted = /^setuptools==/} wanted' requirements-dev.txt > requirements-build.txt \
    && pip install --require-hashes --no-deps --requirement requirements-build.txt

COPY pyproject.toml README.md LICENSE ./
COPY shared shared
COPY services services
RUN pip wheel --no-deps --no-build-isolation --wheel-dir wheels . \
    && pip --python /opt/tocsin/bin/python install --no-deps --no-index wheels/*.whl


FROM python:3.11-slim
RUN groupadd --system --gid 10001 tocsin \
    && useradd --system --uid 10001 --gid tocsin --no-create-home --home-dir /nonexistent tocsin
COPY --from=builder /opt/tocsin /opt/tocsin
WORKDIR /opt/tocsin

# Inside a container the loopback address is nobody's: both processes listen on all of the container's own.
ENV PATH=/opt/tocsin/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TOCSIN_HTTP_HOST=0.0.0.0
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM

# Alive, not ready: a worker without its broker still pages, and must not be ended for that. A worker has this
# page at TOCSIN_WORKER_PORT, which has to be set for it.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import http.client, os; port = os.environ.get('TOCSIN_WORKER_PORT') or os.environ.get('TOCSIN_HTTP_PORT') or 8000; probe = http.client.HTTPConnection('127.0.0.1', int(port), timeout=4); probe.request('GET', '/livez'); raise SystemExit(probe.getresponse().status != 200)"]

CMD ["python", "-m", "services.api"]
