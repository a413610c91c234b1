"""Configurations of the two nginx peers: files on disk, and a cache in front of the vendor."""

import os
import shutil
import subprocess
from pathlib import Path

_FRAME = """
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log stderr error;
{user}
events {{ worker_connections 4096; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  default_type audio/wav;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
{body}
}}
"""

_STATIC = """
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    root {files};
  }}
"""

# The key of the cache holds the query, so that a new query is a recording not yet fetched.
_CACHE = """
  proxy_cache_path {folder}/cache levels=1:2 keys_zone=audio:10m max_size=4g use_temp_path=off;
  upstream vendor {{ server 127.0.0.1:{vendor}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    location ~ ^/audio/(\\w+)$ {{
      proxy_pass http://vendor/v1/recordings/$1/audio;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer {key}";
      proxy_cache audio;
      proxy_cache_key $request_uri;
      proxy_cache_valid 200 1h;
      proxy_ignore_headers Cache-Control Expires Set-Cookie Vary;
      proxy_cache_lock on;
      proxy_cache_lock_timeout 60s;
      proxy_cache_lock_age 60s;
    }}
  }}
"""


def program() -> str:
    """Debian keeps nginx where only root's PATH leads."""
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    return found or "nginx"


def version() -> str:
    told = subprocess.run([program(), "-v"], capture_output=True, text=True, check=True).stderr
    return told.strip().rpartition("/")[2].split()[0]


def static_config(folder: Path, port: int, files: Path) -> Path:
    return _write(folder, _STATIC.format(port=port, files=files))


def cache_config(folder: Path, port: int, vendor: int, key: str) -> Path:
    return _write(folder, _CACHE.format(folder=folder, port=port, vendor=vendor, key=key))


def _write(folder: Path, body: str) -> Path:
    folder.mkdir(exist_ok=True)
    # Otherwise its workers would run as nobody, who may not enter the scratch folder.
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(_FRAME.format(folder=folder, user=user, body=body))
    return config
