"""`python -m tests.project_checks`: what Django itself can check, under production settings."""

import os
import subprocess
import sys
import tempfile

PRODUCTION = {
    "SECRET_KEY": "f9Qm-check-only-Zt4Lw8Vb2Xn6Rk1Hs7Yp3Dc5Gj0Ae-UoWq5Bi",
    "KALLGLOT_API_KEY": "sk_live_for_checks_only",
    "ALLOWED_HOSTS": "portal.example.com",
    "DEBUG": "off",
    "HTTPS": "on",
}
CHECKS = (
    ["check", "--deploy", "--fail-level", "WARNING"],
    ["makemigrations", "--check", "--dry-run"],
)


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        environment = os.environ | PRODUCTION | {"DATABASE_URL": f"sqlite:///{scratch}/checks.db"}
        for check in CHECKS:
            command = [sys.executable, "manage.py", *check]
            if subprocess.run(command, env=environment, check=False).returncode != 0:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
