"""The peer `naive`: the vendor's own sample of a Django relay, as a WSGI application.

It asks Kallglot for every request, knows no Range and keeps nothing.
"""

import os

import requests
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import StreamingHttpResponse
from django.urls import path

settings.configure(
    SECRET_KEY="only-for-the-bench", ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__
)


def relay(request, recording_id):
    answer = requests.get(
        f"{os.environ['KALLGLOT_API_URL']}/recordings/{recording_id}/audio",
        headers={"Authorization": f"Bearer {os.environ['KALLGLOT_API_KEY']}"},
        stream=True,
        timeout=30,
    )
    response = StreamingHttpResponse(
        answer.iter_content(8192), content_type=answer.headers["Content-Type"]
    )
    response["Content-Length"] = answer.headers["Content-Length"]
    return response


urlpatterns = [path("audio/<recording_id>", relay)]
application = get_wsgi_application()
